/** The live view. */
export {};
