/**
 * Our own libraries, through FFI. Only this file knows ffi-napi and pointers, so another FFI would
 * change only this file.
 */
import { join } from 'node:path';
import ffi from 'ffi-napi';
import ref from 'ref-napi';

// The bundle is CommonJS. The directory native/<platform>-<architecture>/ beside it has the shims
// and the two addons.
declare const __dirname: string;

type Signatures = ffi.LibraryObjectDefinitionBase;

/**
 * Opens one of our own libraries. A missing function is found at once. The wrapper of a function is
 * made when it is first called, because a start calls only a third of them.
 * @throws when the library, or one of the functions in it, is not there.
 */
export function openLibrary<T extends Signatures | ffi.LibraryObjectDefinitionInferenceMarker>(
  name: string,
  functions: T,
): ReturnType<typeof ffi.Library<T>> {
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
        const value = ffi.ForeignFunction(pointer, result, parameters);
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
