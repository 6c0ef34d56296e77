import Testing

@testable import GatehouseServer

@Suite("The address at which other tasks reach this one")
struct AdvertisedAddressTests {
  @Test(
    "is a host, perhaps with a port",
    arguments: [
      ("gate", "gate", nil), ("10.0.0.1", "10.0.0.1", nil), ("gate.example:5001", "gate.example", 5001),
      ("[fd00::1]", "fd00::1", nil), ("[fd00::1]:80", "fd00::1", 80),
    ] as [(String, String, Int?)])
  func valid(text: String, host: String, port: Int?) {
    let address = AdvertisedAddress(text)
    #expect(address?.host == host && address?.port == port)
  }

  @Test(
    "is nothing else",
    arguments: [
      "", ":80", "gate:", "gate:0", "gate:65536", "gate:x", "gate:+1", "http://gate", "gate/x", "fd00::1", "[fd00::1",
      "[gate]", "[]", "[fd00::1]80", "[fd00::1]:", "a b", "ü", "gate:80:80",
    ])
  func invalid(text: String) { #expect(AdvertisedAddress(text) == nil) }

  @Test("stands in the metadata of ECS")
  func metadata() {
    let body = #"{"Name":"gateway","Networks":[{"NetworkMode":"awsvpc","IPv4Addresses":["10.0.2.106"]}]}"#
    #expect(AdvertisedAddress.address(inMetadata: Array(body.utf8)) == "10.0.2.106")
    let six = #"{"Networks":[{"IPv4Addresses":[],"IPv6Addresses":["2001:db8::2"]}]}"#
    #expect(AdvertisedAddress.address(inMetadata: Array(six.utf8)) == "2001:db8::2")
    for none in ["", "{}", "[]", #"{"Networks":[]}"#, #"{"Networks":[{}]}"#, #"{"Networks":[{"IPv4Addresses":[1]}]}"#] {
      #expect(AdvertisedAddress.address(inMetadata: Array(none.utf8)) == nil)
    }
  }
}
