import JSON

/// The path of a call, read once: what is checked is what the server gets.
///
/// Empty segments do not count, so `//` and a slash at the end change nothing. Escapes of characters that need none are
/// decoded, other escapes stay, in upper case (RFC 3986, section 6.2.2).
struct CallPath: Sendable, Equatable {
  static let prefix = "/api/rest/"

  /// The segments after the prefix, decoded.
  private(set) var segments: [String] = []
  /// The segments as they are sent on, where they differ from `segments`.
  private var spellings: [String]?
  /// From `?` to the end, as it came; empty when there is none.
  let query: String
  /// Where the endpoint's URI begins in `segments`.
  private(set) var start = 1
  /// The version of the API, or `nil` when the path has none.
  private(set) var version: String?

  /// - Parameter target: begins with the prefix.
  init(_ target: String) throws(CallFailure) {
    let bytes = target.utf8
    let end = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.endIndex
    query = end == bytes.endIndex ? "" : String(target[end...])
    let path = bytes[bytes.index(bytes.startIndex, offsetBy: Self.prefix.utf8.count)..<end]
    segments.reserveCapacity(6)
    var begin = path.startIndex
    while begin < path.endIndex {
      let stop = path[begin...].firstIndex(of: UInt8(ascii: "/")) ?? path.endIndex
      if begin < stop { try append(path[begin..<stop]) }
      guard stop < path.endIndex else { break }
      begin = path.index(after: stop)
    }
    if segments.count > 1, Self.isVersion(segments[1]) {
      version = segments[1]
      start = 2
    }
  }

  /// The name of the API; empty when the path has none.
  var name: String { segments.first ?? "" }

  /// The segments of the endpoint's URI.
  var uri: ArraySlice<String> { segments.dropFirst(start) }

  /// The segments of the endpoint's URI, as the server gets them.
  var spelledURI: ArraySlice<String> { (spellings ?? segments).dropFirst(start) }

  private mutating func append(_ segment: Substring.UTF8View) throws(CallFailure) {
    if segment.allSatisfy(Self.isPlain) {
      let text = String(Substring(segment))
      guard !Self.isDots(text) else { throw .path }
      segments.append(text)
      spellings?.append(text)
      return
    }
    let (text, spelling) = try Self.decode(segment)
    guard !Self.isDots(text) else { throw .path }
    if spellings == nil { spellings = segments }
    segments.append(text)
    spellings?.append(spelling)
  }

  private static func decode(_ segment: Substring.UTF8View) throws(CallFailure) -> (text: String, spelling: String) {
    var (text, spelling): ([UInt8], [UInt8]) = ([], [])
    var iterator = segment.makeIterator()
    while let byte = iterator.next() {
      guard byte == UInt8(ascii: "%") else {
        guard byte > 0x20, byte != 0x7F, byte != UInt8(ascii: "\\") else { throw .path }
        text.append(byte)
        if isPlain(byte) { spelling.append(byte) } else { appendEscape(byte, to: &spelling) }
        continue
      }
      guard let high = iterator.next().flatMap(digit), let low = iterator.next().flatMap(digit) else { throw .path }
      let decoded = high << 4 | low
      guard decoded >= 0x20, decoded != 0x7F, decoded != UInt8(ascii: "/"), decoded != UInt8(ascii: "\\") else {
        throw .path
      }
      text.append(decoded)
      if isUnreserved(decoded) { spelling.append(decoded) } else { appendEscape(decoded, to: &spelling) }
    }
    return (String(decoding: text, as: UTF8.self), String(decoding: spelling, as: UTF8.self))
  }

  /// A text of a document as a segment of a path. Escapes that it has stay.
  static func escaped(_ text: String) -> String {
    if text.utf8.allSatisfy({ isPlain($0) || $0 == UInt8(ascii: "%") }) { return text }
    var spelling: [UInt8] = []
    for byte in text.utf8 {
      if isPlain(byte) || byte == UInt8(ascii: "%") { spelling.append(byte) } else { appendEscape(byte, to: &spelling) }
    }
    return String(decoding: spelling, as: UTF8.self)
  }

  private static func appendEscape(_ byte: UInt8, to text: inout [UInt8]) {
    let digits = Array("0123456789ABCDEF".utf8)
    text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: nil
    }
  }

  /// `.` and `..`, also with parameters behind (`..;a=b`), which some servers cut off before they look.
  private static func isDots(_ text: String) -> Bool {
    let name = text.utf8.prefix { $0 != UInt8(ascii: ";") }
    return name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8)
  }

  /// `v` and digits.
  private static func isVersion(_ text: String) -> Bool {
    let bytes = text.utf8
    return bytes.count > 1 && bytes.first == UInt8(ascii: "v") && bytes.dropFirst().allSatisfy { 0x30...0x39 ~= $0 }
  }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"):
      true
    default: false
    }
  }

  /// A character of a path that needs no escape.
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "("),
      UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: ";"),
      UInt8(ascii: "="), UInt8(ascii: ":"), UInt8(ascii: "@"):
      true
    default: isUnreserved(byte)
    }
  }
}
