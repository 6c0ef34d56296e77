import JSON

/// The path of a call, read once: what is checked is what the server gets.
///
/// Empty segments do not count, so `//` and a slash at the end change nothing. Escapes of characters that need none are
/// decoded, other escapes stay, in upper case (RFC 3986, section 6.2.2).
struct CallPath: Sendable, Equatable {
  static let prefix = "/api/rest/"
  static let prefixBytes: StaticString = "/api/rest/"

  /// The segments after the prefix, decoded.
  private(set) var segments: [String] = []
  /// The segments as they are sent on, where they differ from `segments`.
  private var spellings: [String]?
  /// Where the query begins in the target, with its `?`; the target's length when there is none.
  private(set) var queryStart = 0
  /// Where the endpoint's URI begins in `segments`.
  private(set) var start = 1
  /// The version of the API, or `nil` when the path has none.
  private(set) var version: String?

  /// - Parameter target: begins with the prefix.
  init(_ target: String) throws(CallFailure) {
    try self.init(Array(target.utf8).span.bytes)
  }

  /// - Parameter target: begins with the prefix.
  init(_ target: RawSpan) throws(CallFailure) {
    segments.reserveCapacity(6)
    var index = Self.prefixBytes.utf8CodeUnitCount
    var begin = index
    var isPlain = true
    while index < target.byteCount {
      let byte = target.unsafeLoad(fromByteOffset: index, as: UInt8.self)
      if byte == UInt8(ascii: "?") { break }
      if byte == UInt8(ascii: "/") {
        try append(target.extracting(begin..<index), isPlain: isPlain)
        (begin, isPlain) = (index + 1, true)
      } else if !PathBytes.isPlain(byte) {
        isPlain = false
      }
      index += 1
    }
    try append(target.extracting(begin..<index), isPlain: isPlain)
    queryStart = index
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

  private mutating func append(_ segment: RawSpan, isPlain: Bool) throws(CallFailure) {
    guard segment.byteCount > 0 else { return }
    if isPlain {
      let text = segment.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
      guard segment.unsafeLoad(as: UInt8.self) != UInt8(ascii: ".") || !Self.isDots(text) else { throw .path }
      segments.append(text)
      spellings?.append(text)
      return
    }
    let (text, spelling) = try PathBytes.decode(segment)
    guard !Self.isDots(text) else { throw .path }
    if spellings == nil { spellings = segments }
    segments.append(text)
    spellings?.append(spelling)
  }

  /// `.` and `..`, also with parameters behind (`..;a=b`), which some servers cut off before they look.
  private static func isDots(_ text: String) -> Bool {
    guard text.utf8.first == UInt8(ascii: ".") else { return false }
    let name = text.utf8.prefix { $0 != UInt8(ascii: ";") }
    return name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8)
  }

  /// `v` and digits.
  private static func isVersion(_ text: String) -> Bool {
    let bytes = text.utf8.span
    guard bytes.count > 1, bytes[0] == UInt8(ascii: "v") else { return false }
    for index in 1..<bytes.count where !(0x30...0x39 ~= bytes[index]) { return false }
    return true
  }
}
