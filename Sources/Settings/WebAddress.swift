import JSON

/// An address of a server as a setting has it: `http` or `https`, a host, perhaps a port, and a path where one makes
/// sense.
///
/// The programs put paths of their own behind it. So what would swallow them, as a query, or would be sent where nobody
/// expects it, as user information, is refused at the start and not at the first call.
package struct WebAddress: Sendable, Equatable {
  /// The parts that may stand behind host and port.
  package enum Tail: Sendable {
    case nothing
    case path
    case pathAndQuery
  }

  /// The fault, in words that follow the setting's name. The value is not in them: it can hold a password.
  package struct Fault: Error, Sendable, Equatable {
    /// The words.
    package let sentence: String
  }

  /// As given, without the slashes at the end of its path.
  package let text: String

  /// Reads an address.
  package init(_ given: String, tail: Tail) throws(Fault) {
    // RFC 3986 has these characters and no others; spaces, controls, `\` and letters outside ASCII are percent-encoded.
    guard given.utf8.allSatisfy(Self.isCharacter) else {
      throw Fault(sentence: "holds a character that no address can, as a space; percent-encode it")
    }
    let bytes = Array(given.utf8)
    guard let scheme = ["http://", "https://"].first(where: { given.lowercased().beginsWithBytes($0) }) else {
      throw Fault(sentence: "begins neither with http:// nor with https://")
    }
    let rest = bytes[scheme.utf8.count...]
    let authority = rest.prefix { !Self.ends.contains($0) }
    guard !authority.contains(UInt8(ascii: "@")) else {
      throw Fault(sentence: "holds a user name or a password before '@', which is never sent; remove it")
    }
    try Self.check(authority)
    let behind = rest[authority.endIndex...]
    guard !behind.contains(UInt8(ascii: "#")) else {
      throw Fault(sentence: "holds a fragment ('#…'), which is never sent; remove it")
    }
    let path = behind.prefix { $0 != UInt8(ascii: "?") }
    let hasQuery = path.endIndex != behind.endIndex
    if hasQuery, tail != .pathAndQuery {
      throw Fault(sentence: "holds a query ('?…'); the path of each call is put behind the address, so remove it")
    }
    try Self.check(path: path, isAllowed: tail != .nothing)
    guard Self.isEncodedWell(behind) else {
      throw Fault(sentence: "holds a '%' without two hexadecimal digits behind it; write %25 for the sign itself")
    }
    text = hasQuery ? given : Self.withoutSlashes(bytes)
  }

  /// Whether it is an address of loopback, or `localhost`, in its usual spelling.
  package var isLoopback: Bool {
    let bytes = Array(text.utf8)
    guard let start = bytes.firstRange(of: "://".utf8)?.upperBound else { return false }
    let authority = bytes[start...].prefix { !Self.ends.contains($0) }
    let isNumeric = authority.first == UInt8(ascii: "[")
    let host = authority.prefix { isNumeric || $0 != UInt8(ascii: ":") }
    if isNumeric { return host.starts(with: "[::1]".utf8) }
    let name = String(decoding: host, as: UTF8.self)
    let parts = name.allParts(betweenBytes: UInt8(ascii: "."))
    return name.asciiLowercased.hasSameBytes(as: "localhost")
      || parts.count == 4 && parts[0].hasSameBytes(as: "127") && parts.allSatisfy { UInt8($0) != nil }
  }

  private static let ends = Array("/?#".utf8)

  /// - Parameter authority: host and port.
  private static func check(_ authority: ArraySlice<UInt8>) throws(Fault) {
    var (host, port) = (authority, ArraySlice<UInt8>?.none)
    let isNumeric = authority.first == UInt8(ascii: "[")
    // Colons in brackets belong to an address of IPv6.
    let start = isNumeric ? authority.lastIndex(of: UInt8(ascii: "]")) ?? authority.endIndex : authority.startIndex
    if let colon = authority[start...].firstIndex(of: UInt8(ascii: ":")) {
      (host, port) = (authority[..<colon], authority[(colon + 1)...])
    }
    let isHost = isNumeric ? isIPv6(host) : !host.isEmpty && host.allSatisfy(isHostCharacter)
    guard isHost else { throw Fault(sentence: "names no host behind '://'") }
    guard let port else { return }
    let number = port.allSatisfy(isDigit) ? Int(String(decoding: port, as: UTF8.self)) : nil
    guard let number, (1...65_535).contains(number) else {
      throw Fault(sentence: "has no port from 1 to 65535 behind ':'")
    }
  }

  private static func check(path: ArraySlice<UInt8>, isAllowed: Bool) throws(Fault) {
    let segments = path.split(separator: UInt8(ascii: "/"))
    guard isAllowed || segments.isEmpty else {
      throw Fault(sentence: "holds a path; what is asked for stands at the root of the server, so remove it")
    }
    guard !segments.contains(where: { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) }) else {
      throw Fault(sentence: "holds '.' or '..' as a part of its path; write the path that is meant")
    }
  }

  private static func withoutSlashes(_ bytes: [UInt8]) -> String {
    var bytes = bytes[...]
    while bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func isEncodedWell(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.indices.allSatisfy { index in
      bytes[index] != UInt8(ascii: "%")
        || bytes[(index + 1)...].prefix(2).count == 2 && bytes[(index + 1)...].prefix(2).allSatisfy(isHexadecimal)
    }
  }

  private static func isIPv6(_ host: ArraySlice<UInt8>) -> Bool {
    host.last == UInt8(ascii: "]") && host.contains(UInt8(ascii: ":"))
      && host.dropFirst().dropLast().allSatisfy {
        isHexadecimal($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".")
      }
  }

  private static func isCharacter(_ byte: UInt8) -> Bool {
    (0x21...0x7E).contains(byte) && !"\"<>\\^`{|}".utf8.contains(byte)
  }

  private static func isHostCharacter(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || "-._".utf8.contains(byte)
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
