use super::{DecodeError, DecodeErrorKind, Limits};

/// How far behind a string to look for more text, in bytes.
const TEXT_AHEAD: usize = 256;

/// How much memory arrays may reserve on the strength of announced counts alone, for each byte of the message.
const RESERVE_PER_BYTE: usize = 4;

/// Takes values out of one message, front to back.
///
/// After an error the reader stands at an unspecified place of the message; it is not meant to be used further.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
    depth: u32,
    zero_width_left: u32,
    reserve_left: usize,
    limits: Limits,
    /// A stretch of the message that is known to be UTF-8, and where it starts.
    text: &'a str,
    text_start: usize,
}

impl<'a> Reader<'a> {
    /// A reader of one message under the default [`Limits`].
    ///
    /// # Errors
    /// When the message is longer than [`Limits::MESSAGE_BYTES`].
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Self::with_limits(bytes, Limits::default())
    }

    /// A reader of one message under limits of its own.
    ///
    /// # Errors
    /// When the message is longer than [`Limits::message_bytes`].
    #[inline]
    pub fn with_limits(bytes: &'a [u8], limits: Limits) -> Result<Self, DecodeError> {
        if bytes.len() > limits.message_bytes {
            return Err(DecodeError::new(
                DecodeErrorKind::MessageTooLong {
                    length: bytes.len(),
                    limit: limits.message_bytes,
                },
                0,
            ));
        }
        Ok(Self {
            bytes,
            position: 0,
            depth: 0,
            zero_width_left: limits.zero_width_items,
            reserve_left: bytes.len() * RESERVE_PER_BYTE,
            limits,
            text: "",
            text_start: 0,
        })
    }

    /// Bytes taken so far.
    #[inline]
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// Bytes that are left.
    #[inline]
    #[must_use]
    pub fn left(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// Ends the message.
    ///
    /// # Errors
    /// When bytes are left.
    #[inline]
    pub fn finish(self) -> Result<(), DecodeError> {
        match self.left() {
            0 => Ok(()),
            left => Err(self.error(DecodeErrorKind::TrailingBytes { left })),
        }
    }

    /// An error at the present position.
    #[cold]
    #[inline(never)]
    #[must_use]
    pub fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError::new(kind, self.position)
    }

    /// A `boolean`.
    ///
    /// # Errors
    /// When the byte is neither 0 nor 1, or missing.
    #[inline]
    pub fn boolean(&mut self) -> Result<bool, DecodeError> {
        match self.bytes.get(self.position) {
            Some(0) => {
                self.position += 1;
                Ok(false)
            }
            Some(1) => {
                self.position += 1;
                Ok(true)
            }
            Some(&other) => Err(self.error(DecodeErrorKind::Boolean(other))),
            None => Err(self.end(1)),
        }
    }

    /// An `int`: zig-zag, 1 to 5 bytes.
    ///
    /// # Errors
    /// When it is out of range, not in its shortest form, or cut off.
    #[inline]
    pub fn int(&mut self) -> Result<i32, DecodeError> {
        let start = self.position;
        let value = self.long()?;
        match i32::try_from(value) {
            Ok(value) => Ok(value),
            Err(_) => Err(DecodeError::new(DecodeErrorKind::IntOutOfRange(value), start)),
        }
    }

    /// A `long`: zig-zag, 1 to 10 bytes.
    ///
    /// # Errors
    /// When it is not in its shortest form, or cut off.
    #[inline]
    pub fn long(&mut self) -> Result<i64, DecodeError> {
        let raw = match self.bytes.get(self.position) {
            Some(&byte) if byte < 0x80 => {
                self.position += 1;
                u64::from(byte)
            }
            _ => self.long_number()?,
        };
        Ok((raw >> 1).cast_signed() ^ -((raw & 1).cast_signed()))
    }

    /// Numbers of two bytes and more. Up to eight bytes are taken in one step: the first byte without a continuation
    /// bit ends the number, and three folds close the gaps that the continuation bits leave.
    #[inline(never)]
    fn long_number(&mut self) -> Result<u64, DecodeError> {
        let Some(word) = self.bytes.get(self.position..).and_then(|rest| rest.first_chunk::<8>())
        else {
            return self.number_bytewise();
        };
        let word = u64::from_le_bytes(*word);
        let ends = !word & 0x8080_8080_8080_8080;
        if ends == 0 {
            return self.number_bytewise();
        }
        let length = (ends.trailing_zeros() / 8 + 1) as usize;
        let used = word & (ends ^ (ends - 1));
        if used >> (8 * (length - 1)) == 0 {
            return Err(self.error(DecodeErrorKind::OverlongNumber));
        }
        self.position += length;
        let x = used & 0x7f7f_7f7f_7f7f_7f7f;
        let x = (x & 0x007f_007f_007f_007f) | ((x & 0x7f00_7f00_7f00_7f00) >> 1);
        let x = (x & 0x0000_3fff_0000_3fff) | ((x & 0x3fff_0000_3fff_0000) >> 2);
        Ok((x & 0x0000_0000_0fff_ffff) | ((x & 0x0fff_ffff_0000_0000) >> 4))
    }

    #[inline(never)]
    fn number_bytewise(&mut self) -> Result<u64, DecodeError> {
        let mut value = 0_u64;
        for (index, &byte) in self.bytes[self.position..].iter().take(10).enumerate() {
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 != 0 {
                continue;
            }
            // The tenth byte carries bit 63 alone.
            if (byte == 0 && index > 0) || (index == 9 && byte > 1) {
                return Err(self.error(DecodeErrorKind::OverlongNumber));
            }
            self.position += index + 1;
            return Ok(value);
        }
        Err(match self.left() {
            left @ 0..10 => self.end(left + 1),
            _ => self.error(DecodeErrorKind::OverlongNumber),
        })
    }

    /// A `float`: 4 bytes, little-endian.
    ///
    /// # Errors
    /// When it is cut off.
    #[inline]
    pub fn float(&mut self) -> Result<f32, DecodeError> {
        self.array().map(f32::from_le_bytes)
    }

    /// A `double`: 8 bytes, little-endian.
    ///
    /// # Errors
    /// When it is cut off.
    #[inline]
    pub fn double(&mut self) -> Result<f64, DecodeError> {
        self.array().map(f64::from_le_bytes)
    }

    /// A `fixed` of `N` bytes.
    ///
    /// # Errors
    /// When it is cut off.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        match self.bytes.get(self.position..).and_then(|rest| rest.first_chunk::<N>()) {
            Some(array) => {
                self.position += N;
                Ok(*array)
            }
            None => Err(self.end(N)),
        }
    }

    /// A `fixed` whose size is known only at run time, in bytes.
    ///
    /// # Errors
    /// When it is cut off.
    #[inline]
    pub fn fixed(&mut self, size: usize) -> Result<&'a [u8], DecodeError> {
        if size > self.left() {
            return Err(self.end(size));
        }
        let start = self.position;
        self.position += size;
        Ok(&self.bytes[start..start + size])
    }

    /// A `bytes` value: a length, then as many bytes.
    ///
    /// # Errors
    /// When the length is negative or larger than what is left.
    #[inline]
    pub fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let start = self.position;
        let length = self.long()?;
        let position = self.position;
        match usize::try_from(length) {
            Ok(size) if size <= self.left() => {
                self.position += size;
                Ok(&self.bytes[position..position + size])
            }
            _ => Err(self.bad_length(length, start)),
        }
    }

    /// A `string`: a length in bytes, then UTF-8.
    ///
    /// # Errors
    /// As [`Self::bytes`], and when the bytes are not UTF-8.
    #[inline]
    pub fn string(&mut self) -> Result<&'a str, DecodeError> {
        let length = self.bytes()?.len();
        let end = self.position;
        let start = end - length;
        let known =
            start.checked_sub(self.text_start).and_then(|from| self.text.get(from..from + length));
        match known {
            Some(text) => Ok(text),
            None => self.new_text(start, length),
        }
    }

    /// Checks a string, and with it the ASCII behind it: the check costs by the call more than by the byte, and in most
    /// messages a stretch without any byte above 127 holds several strings.
    #[inline(never)]
    fn new_text(&mut self, start: usize, length: usize) -> Result<&'a str, DecodeError> {
        let behind = &self.bytes[start + length..];
        let behind = &behind[..behind.len().min(TEXT_AHEAD)];
        let (words, _) = behind.as_chunks::<8>();
        let ascii = words
            .iter()
            .take_while(|word| u64::from_le_bytes(**word) & 0x8080_8080_8080_8080 == 0)
            .count();
        match std::str::from_utf8(&self.bytes[start..start + length + 8 * ascii]) {
            Ok(text) => {
                self.text = text;
                self.text_start = start;
                Ok(&text[..length])
            }
            Err(error) => {
                Err(DecodeError::new(DecodeErrorKind::Utf8 { valid: error.valid_up_to() }, start))
            }
        }
    }

    /// The branch of a union with `branches` branches.
    ///
    /// # Errors
    /// When there is no such branch.
    #[inline]
    pub fn union_branch(&mut self, branches: usize) -> Result<usize, DecodeError> {
        let start = self.position;
        let index = self.long()?;
        match usize::try_from(index) {
            Ok(branch) if branch < branches => Ok(branch),
            _ => Err(DecodeError::new(DecodeErrorKind::UnionBranch { index, branches }, start)),
        }
    }

    /// The symbol of an enum with `symbols` symbols, by its index.
    ///
    /// # Errors
    /// When there is no such symbol.
    #[inline]
    pub fn enum_symbol(&mut self, symbols: usize) -> Result<usize, DecodeError> {
        let start = self.position;
        let index = i64::from(self.int()?);
        match usize::try_from(index) {
            Ok(symbol) if symbol < symbols => Ok(symbol),
            _ => Err(DecodeError::new(DecodeErrorKind::EnumSymbol { index, symbols }, start)),
        }
    }

    /// Steps into a record; [`Blocks`] steps into arrays and maps.
    ///
    /// # Errors
    /// When records, arrays and maps already stand [`Limits::depth`] deep in each other.
    #[inline]
    pub fn enter(&mut self) -> Result<(), DecodeError> {
        if self.depth >= self.limits.depth {
            return Err(self.error(DecodeErrorKind::TooDeep { limit: self.limits.depth }));
        }
        self.depth += 1;
        Ok(())
    }

    /// Steps out of the record that [`Self::enter`] stepped into.
    #[inline]
    pub fn leave(&mut self) {
        self.depth -= 1;
    }

    /// How many `T` to reserve room for when `count` are announced. What all arrays of a message reserve together
    /// stays within a small multiple of its length; beyond it they grow as items really come.
    #[inline]
    pub fn reservation<T>(&mut self, count: usize) -> usize {
        let Some(most) = self.reserve_left.checked_div(size_of::<T>()) else {
            return count;
        };
        let granted = count.min(most);
        self.reserve_left -= granted * size_of::<T>();
        granted
    }

    #[cold]
    #[inline(never)]
    fn end(&self, needed: usize) -> DecodeError {
        self.error(DecodeErrorKind::UnexpectedEnd { needed, left: self.left() })
    }

    #[cold]
    #[inline(never)]
    fn bad_length(&self, length: i64, start: usize) -> DecodeError {
        let left = self.left();
        DecodeError::new(
            if length < 0 {
                DecodeErrorKind::NegativeLength(length)
            } else {
                DecodeErrorKind::LengthExceedsMessage { length, left }
            },
            start,
        )
    }
}

/// Walks over the blocks of an array or a map.
///
/// ```
/// # use charter_avro::wire::{Blocks, DecodeError, Reader};
/// # fn read(reader: &mut Reader<'_>) -> Result<Vec<i64>, DecodeError> {
/// let mut blocks = Blocks::new(1); // an item takes at least one byte
/// let mut items = Vec::new();
/// while let Some(count) = blocks.next(reader)? {
///     for _ in 0..count {
///         items.push(reader.long()?);
///     }
/// }
/// # Ok(items)
/// # }
/// # let mut reader = Reader::new(&[4, 2, 4, 0]).unwrap();
/// # assert_eq!(read(&mut reader).unwrap(), [1, 2]);
/// ```
#[derive(Debug)]
pub struct Blocks {
    least_item: usize,
    /// Where the present block says it ends, and where it starts.
    announced: Option<(usize, usize)>,
    /// Whether the reader stands inside: an array or map without items is not stepped into.
    inside: bool,
}

impl Blocks {
    /// A walk over items that take at least `least_item` bytes each.
    #[inline]
    #[must_use]
    pub fn new(least_item: usize) -> Self {
        Self { least_item, announced: None, inside: false }
    }

    /// How many items the next block holds; none after the last block.
    ///
    /// # Errors
    /// When the block before was not as long as it said, when the count cannot be true, or when the items stand deeper
    /// than [`Limits::depth`].
    #[inline]
    pub fn next(&mut self, reader: &mut Reader<'_>) -> Result<Option<usize>, DecodeError> {
        if let Some((start, announced)) = self.announced.take() {
            let taken = reader.position - start;
            if taken != announced {
                return Err(DecodeError::new(
                    DecodeErrorKind::BlockSize { announced, taken },
                    start,
                ));
            }
        }
        let start = reader.position;
        let count = reader.long()?;
        if count == 0 {
            if self.inside {
                reader.leave();
            }
            return Ok(None);
        }
        if !self.inside {
            reader.enter()?;
            self.inside = true;
        }
        if count < 0 {
            let size = reader.long()?;
            match usize::try_from(size) {
                Ok(bytes) if bytes <= reader.left() => {
                    self.announced = Some((reader.position, bytes));
                }
                _ => return Err(reader.bad_length(size, start)),
            }
        }
        self.check_count(reader, count.unsigned_abs(), start).map(Some)
    }

    #[inline]
    fn check_count(
        &self,
        reader: &mut Reader<'_>,
        count: u64,
        start: usize,
    ) -> Result<usize, DecodeError> {
        let left = reader.left();
        if let Some(most) = left.checked_div(self.least_item) {
            return match usize::try_from(count) {
                Ok(count) if count <= most => Ok(count),
                _ => Err(DecodeError::new(
                    DecodeErrorKind::CountExceedsMessage { count, left, most },
                    start,
                )),
            };
        }
        match u32::try_from(count) {
            Ok(items) if items <= reader.zero_width_left => {
                reader.zero_width_left -= items;
                Ok(items as usize)
            }
            _ => Err(DecodeError::new(
                DecodeErrorKind::ZeroWidthItems { limit: reader.limits.zero_width_items },
                start,
            )),
        }
    }
}
