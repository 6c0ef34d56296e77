import Model
import Testing

@Suite("The URL of a server")
struct ServerAddressTests {
  @Test(
    "gives the origin, the value of Host and the beginning of each path",
    arguments: [
      ("http://orders", false, "orders", 80, "orders", ""),
      ("HTTPS://Orders.internal/", true, "orders.internal", 443, "Orders.internal", ""),
      ("http://10.0.0.7:8080/base/", false, "10.0.0.7", 8080, "10.0.0.7:8080", "/base"),
      (" http://[::1]:8080 ", false, "::1", 8080, "[::1]:8080", ""),
      ("https://[2001:db8::1]/a/b", true, "2001:db8::1", 443, "[2001:db8::1]", "/a/b"),
    ])
  func parts(url: String, isSecure: Bool, host: String, port: Int, hostField: String, basePath: String) throws {
    let address = try #require(ServerAddress(url))
    #expect(address.origin.isSecure == isSecure && address.origin.host == host && address.origin.port == port)
    #expect(address.hostField == hostField && address.basePath == basePath)
  }

  @Test(
    "has a scheme of HTTP, a host, and nothing that no server can be reached by",
    arguments: [
      "", "orders", "orders:8080", "10.0.0.7:8080", "//orders", "http:/orders", "http://", "http:///path",
      "http://:8080", "http://orders:0", "http://orders:65536", "http://orders:80a", "http://orders:80:80",
      "ftp://orders", "grpc://orders:1", "http://user@orders", "http://orders?a", "http://orders/#a",
      "http://or ders", "http://\u{F6}rders", "http://orders\\a", "http://[::1", "http://[]", "http://[::1]8080",
    ])
  func unreadable(url: String) {
    #expect(ServerAddress(url) == nil)
  }
}
