/**
 * A table whose keys come from outside: it has its rows and nothing else. A plain object also
 * answers to `constructor` and to all other names that each object has.
 */
export const keyed = <Row>(rows: Readonly<Record<string, Row>>): Readonly<Record<string, Row>> =>
  Object.assign(Object.create(null) as Record<string, Row>, rows);
