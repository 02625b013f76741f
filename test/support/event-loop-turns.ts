/** Counts the turns of the event loop that a task leaves to others. */
export async function turnsDuring(task: () => unknown): Promise<number> {
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await task();
  isOver = true;
  return turns;
}
