/// What one message may ask of the decoder. Each limit is charged where a value is read and where it is skipped.
///
/// Lengths and counts need no setting: they are held against the bytes that are left in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest message, in bytes, inclusive.
    pub message_bytes: usize,
    /// How deep records, arrays and maps may stand in each other, inclusive; the outermost is at depth 1. An array or map
    /// without items does not count, nor do unions: no union stands in another, so that they at most double the stack
    /// that a value takes.
    pub depth: u32,
    /// How many items of arrays and maps may take no bytes at all (`null`, an empty record), in the whole message.
    /// Without it five bytes could announce 2³¹ of them.
    pub zero_width_items: u32,
}

impl Limits {
    /// 16 MiB: sixteen times what Kafka takes by default, and still an amount that every process can hold.
    pub const MESSAGE_BYTES: usize = 16 * 1024 * 1024;
    /// 64: no contract nests by hand that deep, and the stack of a 2 MiB thread carries it.
    pub const DEPTH: u32 = 64;
    /// 1,024: such items carry nothing but their number.
    pub const ZERO_WIDTH_ITEMS: u32 = 1024;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: Self::MESSAGE_BYTES,
            depth: Self::DEPTH,
            zero_width_items: Self::ZERO_WIDTH_ITEMS,
        }
    }
}
