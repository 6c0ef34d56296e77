import Foundation
import JSON
import Model
import NIOCore
import Testing

@testable import Gateway

@Suite("Names of header fields")
struct FieldNamesTests {
  @Test("are in a set without regard to case, and others are not")
  func members() {
    let names = FieldNames(["X-A", "content-type", "", "x-a", "ETag"])
    #expect(names.count == 3)
    for name in ["X-A", "x-a", "CONTENT-TYPE", "etag"] { #expect(names.contains(name), "\(name)") }
    for name in ["", "X-B", "X-AA", "X_A", "content-typ", "contentXtype"] { #expect(!names.contains(name), "\(name)") }
    #expect(!FieldNames([]).contains(""))
  }

  @Test("that differ in more than the case of letters are different names")
  func otherBytes() {
    // These pairs differ in the bit that tells capital letters from small ones.
    let names = FieldNames(["a@b", "a[b", "a^b"])
    for name in ["a`b", "a{b", "a~b"] { #expect(!names.contains(name), "\(name)") }
  }

  @Test("are found among hundreds")
  func many() {
    let all = (0..<500).map { "X-Field-\($0)" }
    let names = FieldNames(all)
    #expect(names.count == 500)
    #expect(all.allSatisfy { names.contains($0.asciiUppercased) })
    #expect(!names.contains("X-Field-500"))
  }
}

@Suite("The origins whose scripts may call an API")
struct OriginRulesTests {
  private func rules(_ fields: JSONObject) -> OriginRules { OriginRules(APIRecord(fields).crossOrigin) }

  private func rules(_ origins: [String]) -> OriginRules {
    rules(["api_cors_allow_origins": .array(origins.map { .string($0) })])
  }

  @Test("are all of them without a list, and none with an empty list")
  func lists() {
    #expect(rules([:] as JSONObject).allows("https://any"))
    #expect(rules(["api_cors_allow_origins": .null]).allows("https://any"))
    #expect(!rules([String]()).allows("https://any"))
    #expect(rules(["https://a", "*"]).allows("https://any"))
  }

  @Test("are compared as whole texts")
  func exact() {
    let rules = rules(["https://a.example"])
    #expect(rules.allows("https://a.example"))
    for origin in [
      "http://a.example", "https://a.example:443", "https://a.example.evil", "https://b.a.example", "https://A.example",
      "null", "",
    ] {
      #expect(!rules.allows(origin), "\(origin)")
    }
  }

  @Test("match a star that stands for one label or more")
  func patterns() {
    let rules = rules(["https://*.example.com"])
    for origin in ["https://a.example.com", "https://a.b.example.com", "https://a-1.example.com"] {
      #expect(rules.allows(origin), "\(origin)")
    }
    for origin in [
      "https://example.com", "https://.example.com", "https://a.example.com.evil", "http://a.example.com",
      "https://evil.com/.example.com", "https://a@b.example.com", "https://evil.com#.example.com",
      "https://evil.com:1/x.example.com", "https://\u{E9}.example.com", "https://a.example.com:8443",
    ] {
      #expect(!rules.allows(origin), "\(origin)")
    }
  }

  @Test("ask in a preflight for methods and fields that the API names")
  func preflights() {
    let rules = rules(["api_cors_allow_methods": ["get", "POST"], "api_cors_allow_headers": ["X-A", "x-b"]])
    #expect(rules.methods == "GET, POST, OPTIONS" && rules.headers == "X-A, x-b")
    #expect(rules.allows(method: "POST", fields: "x-a, X-B,"))
    #expect(rules.allows(method: nil, fields: nil))
    #expect(!rules.allows(method: "PUT", fields: nil))
    #expect(!rules.allows(method: "GET", fields: "x-a, x-c"))
    let open = self.rules([:] as JSONObject)
    #expect(open.allows(method: "DELETE", fields: "anything") && !open.allows(method: "PROPFIND", fields: nil))
    #expect(open.headers == "*" && open.exposed == nil && !open.allowsCredentials)
  }
}

@Suite("The trace of a call")
struct TraceParentTests {
  private static let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

  @Test("is that of the client, if it is valid", arguments: [good, "cc" + good.dropFirst(2) + "-what-is-next"])
  func passed(field: String) {
    var generator = SystemRandomNumberGenerator()
    #expect(TraceParent(field, using: &generator) == .given(field))
  }

  @Test(
    "begins anew where the client's is not valid",
    arguments: [
      nil, "", "00", good.uppercased(), good + "-00", good + "x", String(good.dropLast()), "ff" + good.dropFirst(2),
      "00-00000000000000000000000000000000-b7ad6b7169203331-01",
      "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
      "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "0g" + good.dropFirst(2),
      "cc" + good.dropFirst(2) + "x",
      "cc" + good.dropFirst(2) + "-a\r\nb", "cc" + good.dropFirst(2) + "-" + String(repeating: "a", count: 200),
    ] as [String?])
  func begun(field: String?) {
    var generator = SystemRandomNumberGenerator()
    let trace = text(TraceParent(field, using: &generator))
    #expect(trace != field && TraceParent.isValid(trace) && trace.hasSuffix("-00"))
    #expect(text(TraceParent(field, using: &generator)) != trace)
  }

  @Test("is valid whatever the random numbers are", arguments: [UInt64.min, .max, 1])
  func extremes(number: UInt64) {
    struct Constant: RandomNumberGenerator {
      let number: UInt64
      func next() -> UInt64 { number }
    }
    var generator = Constant(number: number)
    #expect(TraceParent.isValid(text(TraceParent(nil, using: &generator))))
  }

  private func text(_ trace: TraceParent) -> String {
    let bytes = HeadBytes()
    trace.write(to: bytes)
    return String(buffer: bytes.buffer(ByteBufferAllocator()))
  }
}

@Suite("The identifier of a call")
struct CallIdentifierTests {
  @Test("is written as its text")
  func written() {
    var generator = SystemRandomNumberGenerator()
    for field in ["abc-1", nil, "", "not sane", String(repeating: "a", count: 200)] {
      let identifier = CallIdentifier(field, using: &generator)
      let bytes = HeadBytes()
      identifier.write(to: bytes)
      let text = String(buffer: bytes.buffer(ByteBufferAllocator()))
      #expect(text == identifier.text)
      #expect(field == "abc-1" ? text == "abc-1" : UUID(uuidString: text) != nil && text == text.lowercased())
    }
  }
}

@Suite("The text of a head's lines")
struct HeadTextTests {
  @Test("ends at the first control character but a tab, wherever it stands")
  func ends() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      let count = Int.random(in: 0...90, using: &generator)
      // Long runs of ASCII are looked at together.
      let last: UInt8 = Bool.random(using: &generator) ? 0xFF : 0x7E
      var bytes = (0..<count).map { _ in UInt8.random(in: 0x20...last, using: &generator) }.map {
        $0 == 0x7F ? 0x21 : $0
      }
      for _ in 0..<Int.random(in: 0...3, using: &generator) where count > 0 {
        bytes[Int.random(in: 0..<count, using: &generator)] = [0x00, 0x09, 0x0A, 0x0D, 0x1F, 0x7F].randomElement() ?? 0
      }
      let start = Int.random(in: 0...count, using: &generator)
      let expected = (start..<count).first { bytes[$0] < 0x20 && bytes[$0] != 0x09 || bytes[$0] == 0x7F } ?? count
      #expect(bytes.withUnsafeBytes { HeadText.end($0, start, count) } == expected)
    }
  }
}
