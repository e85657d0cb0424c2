/**
 * The results of `make` by its argument as JSON, each made once in this process. After a failure it
 * is tried again.
 */
export function onceEach<A, R>(make: (argument: A) => Promise<R>): (argument: A) => Promise<R> {
  const made = new Map<string, Promise<R>>();
  return (argument) => {
    const key = JSON.stringify(argument);
    const known = made.get(key);
    if (known !== undefined) return known;
    const result = make(argument);
    made.set(key, result);
    result.catch(() => made.delete(key));
    return result;
  };
}
