import Testing

@testable import Sidecar

@Suite("Encodings for S3")
struct S3EncodingTests {
  @Test("are those that S3 takes for keys")
  func spelling() {
    #expect(PercentEncoding.path("a b/ü+~.bin") == "a%20b/%C3%BC%2B~.bin")
    #expect(PercentEncoding.query("a/b=") == "a%2Fb%3D")
  }
}
