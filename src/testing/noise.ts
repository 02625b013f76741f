/** Yields numbers from -1 to 1 that look random and are the same in each run. */
export function* noise(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    yield state / 1_073_741_824 - 1;
  }
}
