import JSON
import NIOCore
import NIOHTTP1

/// The rules of RFC 9112 for a request's head that the decoder does not check.
enum RequestRules {
  /// How the end of a request's body is found.
  enum Framing {
    case counted(Int)
    case chunked
  }

  /// Checks a head, and gives an absolute target the form that the rest knows: a path, and its authority as the
  /// `Host` (RFC 9112, section 3.2.2).
  static func check(_ head: inout HTTPRequestHead) throws(RequestFault) -> Framing {
    try checkHost(&head)
    try resolveTarget(&head)
    return try framing(head)
  }

  private static func checkHost(_ head: inout HTTPRequestHead) throws(RequestFault) {
    let hosts = head.headers["Host"]
    guard let host = hosts.first else {
      guard head.version.minor == 0 else { throw RequestFault(.hostMissing) }
      return
    }
    guard hosts.count == 1 else { throw RequestFault(.hostRepeated) }
    // The decoder leaves spaces behind a value, which do not belong to it (RFC 9112, section 5.1).
    let value = host.withoutOuterSpace
    if value.utf8.count != host.utf8.count { head.headers.replaceOrAdd(name: "Host", value: value) }
    // A target of `http` always has an authority, so an empty value never stands for one.
    guard isAuthority(value.utf8) else { throw RequestFault(.hostInvalid) }
  }

  private static func resolveTarget(_ head: inout HTTPRequestHead) throws(RequestFault) {
    let target = head.uri.utf8
    guard head.method != .CONNECT else { throw RequestFault(.tunnel) }
    guard !target.contains(UInt8(ascii: "#")) else { throw RequestFault(.fragment) }
    if target.first == UInt8(ascii: "/") { return }
    if target.elementsEqual("*".utf8), head.method == .OPTIONS { return }
    guard let scheme = ["http://", "https://"].first(where: { head.uri.asciiLowercased.beginsWithBytes($0) }) else {
      throw RequestFault(.target)
    }
    let rest = target.dropFirst(scheme.utf8.count)
    let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
    guard isAuthority(authority) else { throw RequestFault(.hostInvalid) }
    let path = String(decoding: rest[authority.endIndex...], as: UTF8.self)
    head.headers.replaceOrAdd(name: "Host", value: String(decoding: authority, as: UTF8.self))
    if path.isEmpty {
      head.uri = head.method == .OPTIONS ? "*" : "/"
    } else {
      head.uri = path.utf8.first == UInt8(ascii: "/") ? path : "/" + path
    }
  }

  private static func framing(_ head: HTTPRequestHead) throws(RequestFault) -> Framing {
    guard head.headers.contains(name: "Transfer-Encoding") else {
      let lengths = head.headers["Content-Length"]
      guard let length = lengths.first else { return .counted(0) }
      guard lengths.count == 1, let count = number(length.withoutOuterSpace.utf8) else { throw RequestFault(.length) }
      return .counted(count)
    }
    guard head.version.minor > 0 else { throw RequestFault(.codingInOlderVersion) }
    let lines = head.headers["Transfer-Encoding"]
    // Some readers take a tab for a part of the name, among them the decoder.
    guard !lines.contains(where: { $0.utf8.contains(0x09) }) else { throw RequestFault(.codingUnknown) }
    let codings = lines.flatMap { line in
      line.parts(betweenBytes: UInt8(ascii: ",")).map(\.withoutOuterSpace.asciiLowercased)
    }.filter { !$0.isEmpty }
    guard codings.allSatisfy({ $0.hasSameBytes(as: "chunked") }) else { throw RequestFault(.codingUnknown) }
    // Beside an empty field, a proxy may have obeyed that one.
    guard codings.count == 1, lines.count == 1 else { throw RequestFault(.codingRepeated) }
    return .chunked
  }

  /// `uri-host [ ":" port ]` of RFC 9110, without the comma: that comes of two fields which a proxy has joined.
  static func isAuthority(_ text: some BidirectionalCollection<UInt8>) -> Bool {
    let bytes = Array(text)
    let host: ArraySlice<UInt8>
    if bytes.first == UInt8(ascii: "[") {
      guard let end = bytes.firstIndex(of: UInt8(ascii: "]")) else { return false }
      host = bytes[...end]
      guard isAddress(bytes[1..<end]) else { return false }
    } else {
      host = bytes.prefix { $0 != UInt8(ascii: ":") }
      guard !host.isEmpty, isName(host) else { return false }
    }
    let rest = bytes[host.endIndex...]
    guard let colon = rest.first else { return true }
    let port = rest.dropFirst()
    guard colon == UInt8(ascii: ":") else { return false }
    return port.isEmpty || number(port).map { $0 <= 65_535 } == true
  }

  private static func isAddress(_ bytes: ArraySlice<UInt8>) -> Bool {
    // A zone, as `%eth0`, means something on the client's host only.
    guard bytes.contains(UInt8(ascii: ":")), !bytes.contains(UInt8(ascii: "%")), !bytes.contains(0) else {
      return false
    }
    return (try? SocketAddress(ipAddress: String(decoding: bytes, as: UTF8.self), port: 0)) != nil
  }

  private static func isName(_ bytes: ArraySlice<UInt8>) -> Bool {
    var digitsDue = 0
    for byte in bytes {
      if digitsDue > 0 {
        guard isHexadecimal(byte) else { return false }
        digitsDue -= 1
      } else if byte == UInt8(ascii: "%") {
        digitsDue = 2
      } else {
        guard isLetterOrDigit(byte) || "-._~!$&'()*+;=".utf8.contains(byte) else { return false }
      }
    }
    return digitsDue == 0
  }

  private static func number(_ bytes: some Collection<UInt8>) -> Int? {
    // `Int` alone would take a sign, too.
    bytes.allSatisfy(isDigit) ? Int(String(decoding: bytes, as: UTF8.self)) : nil
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
  }
}

/// A fault of a request's head.
struct RequestFault: Error, Equatable {
  let malformation: Malformation

  init(_ malformation: Malformation) {
    self.malformation = malformation
  }
}
