import Testing

@testable import Sidecar

@Suite("Encodings for S3")
struct S3EncodingTests {
  @Test("are those that S3 takes, for keys and checksums")
  func spelling() {
    #expect(PercentEncoding.path("a b/ü+~.bin") == "a%20b/%C3%BC%2B~.bin")
    #expect(PercentEncoding.query("a/b=") == "a%2Fb%3D")
    // RFC 4648, section 10.
    for (hexadecimal, text) in [
      ("", ""), ("66", "Zg=="), ("666f", "Zm8="), ("666f6f", "Zm9v"), ("666f6f62", "Zm9vYg=="),
      ("666f6f626172", "Zm9vYmFy"),
    ] {
      #expect(Base64.text(hexadecimal: hexadecimal) == text)
    }
    #expect(Base64.text(hexadecimal: "6") == nil)
    #expect(Base64.text(hexadecimal: "xx") == nil)
  }
}
