import type { Reader, System } from '../system/port.js';

export function clearTree(system: System, path: string, keep: readonly string[]): void {
  const walk = (at: string, inner: string): void => {
    for (const name of system.list(at)) {
      const here = `${inner}/${name}`;
      if (keep.includes(here)) continue;
      if (keep.some((each) => each.startsWith(`${here}/`)) && system.kind(`${at}/${name}`) === 'directory') walk(`${at}/${name}`, here);
      else system.removeTree(`${at}/${name}`);
    }
  };
  walk(path, '');
}

export function remaining(reader: Reader, path: string, keep: readonly string[]): string[] {
  const left: string[] = [];
  const walk = (at: string, inner: string): void => {
    for (const name of reader.list(at)) {
      const here = `${inner}/${name}`;
      if (keep.includes(here)) continue;
      if (keep.some((each) => each.startsWith(`${here}/`)) && reader.kind(`${at}/${name}`) === 'directory') walk(`${at}/${name}`, here);
      else left.push(here);
    }
  };
  walk(path, '');
  return left.slice(0, 20);
}
