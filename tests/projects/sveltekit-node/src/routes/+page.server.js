export function load() {
  return { weather: "sunny" };
}
