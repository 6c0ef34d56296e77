/// Follows a request line (RFC 9112, section 3) through the pieces in which it comes.
///
/// The HTTP decoder follows it, too, but takes several spaces, line feeds and carriage returns before the line, and the
/// names of other protocols.
struct RequestLine {
  private enum Place {
    /// Before the line. An empty line there is left over from a body (RFC 9112, section 2.2).
    case start(emptyLines: Int)
    case endOfEmptyLine(Int)
    case method(length: Int)
    case target(length: Int)
    case version(VersionScan)
    case endOfLine
    case complete
  }

  /// The text behind the target: `HTTP/1.1`.
  private struct VersionScan {
    static let name = Array("HTTP/".utf8)
    var length = 0
    /// Whether the major version is 1, once it is read.
    var isKnown = true
  }

  /// No method that has a meaning here is as long.
  static let longestMethod = 32
  static let longestTarget = 16 << 10
  static let mostEmptyLines = 4
  private static let (lineFeed, carriageReturn, space) = (UInt8(0x0A), UInt8(0x0D), UInt8(0x20))

  private var place = Place.start(emptyLines: 0)

  var isComplete: Bool { if case .complete = place { true } else { false } }

  /// Takes bytes, up to the end of the line.
  ///
  /// - Returns: how many belong to it.
  mutating func take(_ bytes: some Collection<UInt8>) throws(RequestFault) -> Int {
    var count = 0
    for byte in bytes {
      if isComplete { break }
      place = try Self.next(place, byte)
      count += 1
    }
    return count
  }

  private static func next(_ place: Place, _ byte: UInt8) throws(RequestFault) -> Place {
    switch place {
    case .start(let emptyLines):
      if byte == carriageReturn, emptyLines < mostEmptyLines { return .endOfEmptyLine(emptyLines + 1) }
      guard isToken(byte) else { throw RequestFault(.head) }
      return .method(length: 1)
    case .endOfEmptyLine(let count):
      guard byte == lineFeed else { throw RequestFault(.head) }
      return .start(emptyLines: count)
    case .method(let length):
      if byte == space { return .target(length: 0) }
      guard isToken(byte) else { throw RequestFault(.head) }
      guard length < longestMethod else { throw RequestFault(.method) }
      return .method(length: length + 1)
    case .target(let length):
      if byte == space, length > 0 { return .version(VersionScan()) }
      guard 0x21...0x7E ~= byte else { throw RequestFault(.head) }
      guard length < longestTarget else { throw RequestFault(.longTarget) }
      return .target(length: length + 1)
    case .version(let scan): return try next(scan, byte)
    case .endOfLine:
      guard byte == lineFeed else { throw RequestFault(.head) }
      return .complete
    case .complete: return place
    }
  }

  private static func next(_ scan: VersionScan, _ byte: UInt8) throws(RequestFault) -> Place {
    var scan = scan
    switch scan.length {
    case ..<5:
      guard byte == VersionScan.name[scan.length] else { throw RequestFault(.head) }
    // The decoder refuses a version at the digit that it does not know. So does this, whatever follows, or the answer
    // would depend on the pieces.
    case 5:
      guard 0x30...0x39 ~= byte else { throw RequestFault(.head) }
      guard byte <= UInt8(ascii: "1") else { throw RequestFault(.version) }
      scan.isKnown = byte == UInt8(ascii: "1")
    case 6:
      guard byte == UInt8(ascii: ".") else { throw RequestFault(.head) }
    case 7:
      guard 0x30...0x39 ~= byte else { throw RequestFault(.head) }
      guard scan.isKnown, byte <= UInt8(ascii: "1") else { throw RequestFault(.version) }
    default:
      guard byte == carriageReturn else { throw RequestFault(.head) }
      return .endOfLine
    }
    scan.length += 1
    return .version(scan)
  }

  /// A character of a token (RFC 9110, section 5.6.2).
  private static func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x5E...0x7A: true
    default: "!#$%&'*+-.|~".utf8.contains(byte)
    }
  }
}
