/**
 * Binds the references of a library to its own symbols when the image is made. libnode alone has
 * sixteen thousand of them, each by a name of a hundred characters, and the dynamic linker looks
 * them all up at every start of Node. In an image it is known who would answer: where that is the
 * library itself, the reference becomes an offset from where it is loaded (R_ARM_RELATIVE), as
 * `-Bsymbolic` makes them at link time. Nothing else in the file changes, its size neither.
 *
 * Source: elf(5); ELF for the Arm Architecture (types of relocations); glibc's
 * sysdeps/arm/dl-machine.h.
 */
import { DynamicFile, type Relocations } from './elf-dynamic.js';

const R_ARM_ABS32 = 2;
const R_ARM_GLOB_DAT = 21;
const R_ARM_JUMP_SLOT = 22;
const R_ARM_RELATIVE = 23;

/**
 * Programs with all the libraries they are loaded with, in the order in which the dynamic linker
 * asks them for a symbol: the program first, then breadth first.
 */
export type Scope = readonly string[];

export interface Bound {
  file: string;
  bound: number;
  left: number;
}

/**
 * Binds in place what can be bound in `files` (name → content).
 * @param scopes of every program that loads them: a symbol is bound only where in each of them the
 *   library itself is the first to have it.
 * @param untouched the C library and the dynamic linker: programs may put a malloc of their own
 *   before theirs.
 */
export function bindOwn(
  files: ReadonlyMap<string, Buffer>,
  scopes: readonly Scope[],
  untouched: (name: string) => boolean,
): Bound[] {
  const parsed = new Map([...files].map(([name, bytes]) => [name, new DynamicFile(bytes, name)]));
  const defined = new Map(
    [...parsed].map(([name, file]) => [
      name,
      new Set(file.symbols.filter(({ defined }) => defined).map(({ name }) => name)),
    ]),
  );
  return [...parsed].flatMap(([name, file]) => {
    if (untouched(name)) return [];
    const before = scopes
      .filter((scope) => scope.includes(name))
      .map((scope) => scope.slice(0, scope.indexOf(name)));
    const others = new Set(before.flat());
    return before.length === 0
      ? []
      : [
          bindFile(file, name, (symbol) =>
            [...others].every((other) => !defined.get(other)?.has(symbol)),
          ),
        ];
  });
}

function bindFile(file: DynamicFile, name: string, isFirst: (symbol: string) => boolean): Bound {
  const counts = { bound: 0, left: 0 };
  const bind = (relocations: Relocations | null, types: readonly number[]): void => {
    for (let index = 0; index < (relocations?.count ?? 0); index++) {
      const { place, type, symbol } = file.relocation(relocations!, index);
      if (!types.includes(type)) continue;
      const target = file.symbols[symbol];
      if (target === undefined || !target.plain || !isFirst(target.name)) {
        counts.left++;
        continue;
      }
      // What stands in the place of R_ARM_ABS32 is added; in the others' it is not.
      file.write(place, (target.value + (type === R_ARM_ABS32 ? file.read(place) : 0)) >>> 0);
      file.setRelocation(relocations!, index, { place, type: R_ARM_RELATIVE, symbol: 0 });
      counts.bound++;
    }
  };
  bind(file.relocations, [R_ARM_ABS32, R_ARM_GLOB_DAT, R_ARM_JUMP_SLOT]);
  // Bound at the first call, these cost nothing at the start; and the dynamic linker takes no other
  // type for that.
  if (file.bindsNow) bind(file.pltRelocations, [R_ARM_JUMP_SLOT]);
  file.relativeFirst(R_ARM_RELATIVE);
  return { file: name, ...counts };
}
