/** What libffi itself takes; @types/ffi-napi does not describe it. */
declare module 'ffi-napi/lib/bindings.js' {
  const bindings: {
    /** @param result where the result goes. @param pointers the addresses of the arguments. */
    ffi_call(cif: Buffer, address: Buffer, result: Buffer, pointers: Buffer): void;
  };
  export default bindings;
}
