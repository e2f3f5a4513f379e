/** Freezes a value and all that it holds, maps too, and returns it. A URL cannot be frozen; its type is read-only. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || value instanceof URL) return value;
  if (value instanceof Map) freezeMap(value);
  else Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}

/** Object.freeze leaves the entries of a map open. */
function freezeMap(map: Map<unknown, unknown>): void {
  map.values().forEach(deepFreeze);
  const refuse = {
    value: () => {
      throw new TypeError('the configuration is frozen');
    },
  };
  Object.defineProperties(map, { set: refuse, delete: refuse, clear: refuse });
}
