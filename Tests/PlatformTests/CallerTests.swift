import Model
import Platform
import Testing

@Suite("A caller")
struct CallerTests {
  @Test("has the address of its socket, unless a trusted proxy speaks for it")
  func forwarding() throws {
    let proxies = try [#require(AddressRange("10.0.0.0/8"))]
    let address = { (socket: String, hops: [String]) in
      Caller(socket: NetworkAddress(socket), forwardedFor: hops, isForwarded: !hops.isEmpty).address(trusting: proxies)?
        .description
    }
    #expect(address("1.2.3.4", ["9.9.9.9"]) == "1.2.3.4")
    #expect(address("10.0.0.1", ["9.9.9.9"]) == "9.9.9.9")
    // The caller can make up the addresses left of the first one that is no proxy.
    #expect(address("10.0.0.1", ["6.6.6.6", "9.9.9.9", "10.0.0.2"]) == "9.9.9.9")
    #expect(address("10.0.0.1", ["nonsense"]) == "10.0.0.1")
    #expect(address("10.0.0.1", []) == "10.0.0.1")
  }
}
