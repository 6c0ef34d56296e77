/// The words of a request's head that the gateway knows.
enum RequestHeadNames {
  static func method(_ bytes: UnsafeRawBufferPointer, _ length: Int) -> RequestHead.Method? {
    func isEqual(_ name: StaticString) -> Bool {
      for index in 0..<length where bytes[index] != name.utf8Start[index] { return false }
      return true
    }
    switch length {
    case 3: return isEqual("GET") ? .get : isEqual("PUT") ? .put : nil
    case 4: return isEqual("POST") ? .post : isEqual("HEAD") ? .head : nil
    case 5: return isEqual("PATCH") ? .patch : nil
    case 6: return isEqual("DELETE") ? .delete : nil
    case 7: return isEqual("OPTIONS") ? .options : nil
    default: return nil
    }
  }

  // Most names have a length of their own, so few are compared.
  static func kind(_ bytes: UnsafeRawBufferPointer, _ name: Range<Int>) -> RequestHead.Kind {
    func isNamed(_ other: StaticString) -> Bool { Self.isNamed(bytes, name, other) }
    switch name.count {
    case 3 where isNamed("via"): return .via
    case 4 where isNamed("host"): return .host
    case 6 where isNamed("cookie"): return .cookie
    case 6 where isNamed("origin"): return .origin
    case 6 where isNamed("expect"): return .expect
    case 7 where isNamed("upgrade"): return .upgrade
    case 9 where isNamed("x-real-ip") || isNamed("forwarded"): return .forwarded
    case 10 where isNamed("client-key"): return .clientKey
    case 10 where isNamed("connection"): return .connection
    case 10 where isNamed("tracestate"): return .traceState
    case 11 where isNamed("traceparent"): return .traceParent
    case 12 where isNamed("x-request-id"): return .requestID
    case 13 where isNamed("authorization"): return .authorization
    case 13 where isNamed("x-api-version"): return .apiVersion
    case 14 where isNamed("content-length"): return .contentLength
    case 15 where isNamed("x-forwarded-for"): return .forwardedFor
    case 15 where isNamed("accept-encoding"): return .acceptEncoding
    case 16 where isNamed("cf-connecting-ip"): return .forwarded
    case 16 where isNamed("x-forwarded-host"): return .forwardedHost
    case 17 where isNamed("transfer-encoding"): return .transferEncoding
    case 17 where isNamed("x-forwarded-proto"): return .forwardedProtocol
    case 29 where isNamed("access-control-request-method"): return .askedMethod
    case 30 where isNamed("access-control-request-headers"): return .askedFields
    default: return .other
    }
  }

  /// Compares without regard to case. The bit that tells the cases of letters apart tells no two characters of names
  /// apart.
  ///
  /// - Parameters:
  ///   - bytes: the range has no control character.
  ///   - other: of letters in lower case, digits and `-`.
  static func isNamed(_ bytes: UnsafeRawBufferPointer, _ name: Range<Int>, _ other: StaticString) -> Bool {
    let count = other.utf8CodeUnitCount
    guard name.count == count, let start = bytes.baseAddress else { return false }
    let (left, right) = (start + name.lowerBound, UnsafeRawPointer(other.utf8Start))
    var index = 0
    while index + 8 <= count {
      let word = left.loadUnaligned(fromByteOffset: index, as: UInt64.self) | 0x2020_2020_2020_2020
      if word != right.loadUnaligned(fromByteOffset: index, as: UInt64.self) { return false }
      index += 8
    }
    while index < count {
      let byte = left.load(fromByteOffset: index, as: UInt8.self) | 0x20
      if byte != right.load(fromByteOffset: index, as: UInt8.self) { return false }
      index += 1
    }
    return true
  }

  /// A name or an IPv4 address, with or without a port: what nearly every client sends.
  static func isPlainHost(_ bytes: UnsafeRawBufferPointer, _ value: Range<Int>) -> Bool {
    guard !value.isEmpty else { return false }
    var index = value.lowerBound
    while index < value.upperBound, bytes[index] != UInt8(ascii: ":") {
      switch bytes[index] {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."): index += 1
      default: return false
      }
    }
    guard index > value.lowerBound else { return false }
    guard index < value.upperBound else { return true }
    let digits = index + 1..<value.upperBound
    guard (1...5).contains(digits.count) else { return false }
    var port = 0
    for digit in digits {
      guard 0x30...0x39 ~= bytes[digit] else { return false }
      port = port * 10 + Int(bytes[digit] - 0x30)
    }
    return port <= 65_535
  }

  /// A character of a token (RFC 9110, section 5.6.2).
  static func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x5E...0x7A, UInt8(ascii: "-"), UInt8(ascii: "!"), UInt8(ascii: "#"),
      UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "*"),
      UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "|"), UInt8(ascii: "~"):
      true
    default: false
    }
  }
}
