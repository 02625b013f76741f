export default function Page() {
  return <p>Memory</p>;
}
