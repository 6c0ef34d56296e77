/// Follows a chunked body (RFC 9112, section 7.1) through the pieces in which it comes.
///
/// The HTTP decoder follows it, too, but takes a chunk of any size that fits in 64 bits and extensions of any length,
/// and then waits for them.
struct ChunkedBody {
  struct Malformed: Error, Equatable {}

  private enum Place: Equatable {
    case size(digits: Int, value: UInt64)
    case `extension`(size: UInt64, length: Int)
    case endOfSize(UInt64)
    case data(UInt64)
    case returnAfterData
    case endOfData
    /// In a line of the trailer section, which the decoder judges.
    case trailer(isEmpty: Bool)
    case complete
  }

  /// No configuration takes a body of more: 1 TiB.
  static let largestChunk: UInt64 = 1 << 40
  static let longestExtension = 4096
  private static let mostDigits = 16
  private static let (lineFeed, carriageReturn) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))

  private var place = Place.size(digits: 0, value: 0)

  var isComplete: Bool { place == .complete }

  /// Takes the bytes that belong to the body.
  ///
  /// - Returns: how many they are; fewer than there are when the body ends before.
  mutating func take(_ bytes: some RandomAccessCollection<UInt8>) throws(Malformed) -> Int {
    var index = bytes.startIndex
    while index < bytes.endIndex, place != .complete {
      if case .data(let left) = place {
        let count = min(Int(left), bytes.distance(from: index, to: bytes.endIndex))
        index = bytes.index(index, offsetBy: count)
        place = UInt64(count) == left ? .returnAfterData : .data(left - UInt64(count))
      } else {
        place = try Self.next(place, bytes[index])
        index = bytes.index(after: index)
      }
    }
    return bytes.distance(from: bytes.startIndex, to: index)
  }

  private static func next(_ place: Place, _ byte: UInt8) throws(Malformed) -> Place {
    switch place {
    case .size(let digits, let value):
      if let digit = hexadecimal(byte) {
        let size = value << 4 | digit
        guard digits < mostDigits, size <= largestChunk else { throw Malformed() }
        return .size(digits: digits + 1, value: size)
      }
      guard digits > 0 else { throw Malformed() }
      if byte == carriageReturn { return .endOfSize(value) }
      guard byte == UInt8(ascii: ";") || byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") else {
        throw Malformed()
      }
      return .extension(size: value, length: 1)
    case .extension(let size, let length):
      if byte == carriageReturn { return .endOfSize(size) }
      guard byte != lineFeed, length < longestExtension else { throw Malformed() }
      return .extension(size: size, length: length + 1)
    case .endOfSize(let size):
      guard byte == lineFeed else { throw Malformed() }
      return size == 0 ? .trailer(isEmpty: true) : .data(size)
    case .returnAfterData:
      guard byte == carriageReturn else { throw Malformed() }
      return .endOfData
    case .endOfData:
      guard byte == lineFeed else { throw Malformed() }
      return .size(digits: 0, value: 0)
    case .trailer(let isEmpty):
      if byte == lineFeed { return isEmpty ? .complete : .trailer(isEmpty: true) }
      return .trailer(isEmpty: isEmpty && byte == carriageReturn)
    case .data, .complete:
      return place
    }
  }

  private static func hexadecimal(_ byte: UInt8) -> UInt64? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }
}
