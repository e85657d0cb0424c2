/**
 * Our own libraries, through FFI. Only this file knows ffi-napi and pointers, so another FFI would
 * change only this file.
 */
import { join } from 'node:path';
import ffi from 'ffi-napi';
import bindings from 'ffi-napi/lib/bindings.js';
import ref from 'ref-napi';

// The bundle is CommonJS. The directory native/<platform>-<architecture>/ beside it has the shims
// and the two addons.
declare const __dirname: string;

/** Loads the packages, where a kept heap puts that off until a library is needed. */
let load: (() => void) | null = null;

export const beforeFirstLibrary = (loader: () => void): void => void (load = loader);

type Signatures = ffi.LibraryObjectDefinitionBase;

/** Room for an integer of any size, where libffi looks for it. */
const SLOT = 8;

/**
 * A function that takes and returns integers of 32 bits alone. ForeignFunction makes buffers for
 * each call, which costs ten times as much as a system call and is freed only when the process is
 * idle; this uses the same ones for all calls.
 */
function integerFunction(
  address: Buffer,
  result: 'int32',
  parameters: readonly ('int32' | 'uint32')[],
): (...values: number[]) => number {
  const cif = ffi.CIF(result, [...parameters]);
  // A buffer of its own ArrayBuffer stays where it is.
  const room = Buffer.from(new ArrayBuffer(SLOT * (1 + parameters.length)));
  const words = new Int32Array(room.buffer);
  const addresses = Buffer.from(new ArrayBuffer(SLOT * (1 + parameters.length)));
  const slots = parameters.map((_, index) => room.subarray(SLOT * (1 + index)));
  slots.forEach((slot, index) => ref.writePointer(addresses, index * ref.sizeof.pointer, slot));
  return (...values) => {
    for (let index = 0; index < slots.length; index++)
      words[(SLOT / 4) * (1 + index)] = values[index]!;
    bindings.ffi_call(cif, address, room, addresses);
    return words[0]!;
  };
}

const isInteger = (type: unknown): type is 'int32' | 'uint32' =>
  type === 'int32' || type === 'uint32';

/**
 * Opens one of our own libraries. A missing function is found at once. The wrapper of a function is
 * made when it is first called, because a start calls only a third of them.
 * @throws when the library, or one of the functions in it, is not there.
 */
export function openLibrary<T extends Signatures | ffi.LibraryObjectDefinitionInferenceMarker>(
  name: string,
  functions: T,
): ReturnType<typeof ffi.Library<T>> {
  load?.();
  load = null;
  const library = new ffi.DynamicLibrary(
    join(__dirname, 'native', `${process.platform}-${process.arch}`, name),
    ffi.DynamicLibrary.FLAGS.RTLD_NOW,
  );
  const made = {};
  for (const [symbol, [result, parameters]] of Object.entries(functions)) {
    const pointer = library.get(symbol);
    Object.defineProperty(made, symbol, {
      configurable: true,
      get() {
        const value =
          result === 'int32' && parameters.every(isInteger)
            ? integerFunction(pointer, result, parameters)
            : ffi.ForeignFunction(pointer, result, parameters);
        Object.defineProperty(made, symbol, { value });
        return value;
      },
    });
  }
  return made as ReturnType<typeof ffi.Library<T>>;
}

/** A NULL-terminated array of C strings. */
export function pointers(texts: readonly string[]): Buffer {
  const size = ref.sizeof.pointer;
  const array = Buffer.alloc((texts.length + 1) * size);
  // writePointer keeps each string alive as long as the array.
  texts.forEach((text, index) => ref.writePointer(array, index * size, ref.allocCString(text)));
  return array;
}
