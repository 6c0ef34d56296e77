import Model
import Testing

@Suite("Addresses")
struct AddressTests {
  @Test(
    "are in a range, or not",
    arguments: [
      ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.1", false), ("192.168.1.7", "192.168.1.7", true),
      ("192.168.1.7", "192.168.1.8", false), ("192.168.1.0/25", "192.168.1.128", false), ("0.0.0.0/0", "1.2.3.4", true),
      ("0.0.0.0/0", "::1", false), ("2001:db8::/33", "2001:db8:7fff::1", true),
      ("2001:db8::/33", "2001:db8:8000::1", false),
      ("10.0.0.0/8", "::ffff:10.1.2.3", true),
    ])
  func ranges(range: String, address: String, isInside: Bool) throws {
    let range = try #require(AddressRange(range))
    #expect(range.contains(try #require(NetworkAddress(address))) == isInside)
  }

  @Test(
    "that can't be read are refused",
    arguments: [
      "", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8/8", "::/129", "host", "1.2.3.4 ", "10.0.0.0/+8",
      "10.0.0.0/-0", "10.0.0.0/\u{301}8", "10.0.0.0\u{301}/8", "1.2.3.4\u{0}x", "1.2.3.4\u{301}", "/8",
    ])
  func refused(text: String) {
    #expect(AddressRange(text) == nil)
  }
}
