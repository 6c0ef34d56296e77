import Testing

@testable import DumpFormat

@Suite("The first identity of a dump that was written again")
struct FirstIdentityTests {
  private static let identity = String(repeating: "0123456789abcdef", count: 4)
  private static let largest = DumpOrder(epoch: 1 << 53, sequence: 1 << 53)

  @Test("is in both formats, and seen from the beginning of a file, beside the longest order")
  func carried() throws {
    for format in DumpFormatName.allCases {
      for order in [nil, OrderTests.order, Self.largest] {
        let header = DumpHeader(
          format: format, createdAt: "2026-01-02T03:04:05.678901Z", order: order, firstIdentity: Self.identity)
        var writer = try DumpWriter(header: header, key: Dumps.keyring.sealing, sink: BytesSink())
        try writer.beginGroup("a")
        let (summary, sink) = try writer.finish()
        #expect(summary.header == header)
        let source = BytesSource(bytes: sink.bytes)
        #expect(try UnverifiedDump(source).unverifiedHeader(Dumps.keyring) == header)
        #expect(try UnverifiedDump(source).inspect(Dumps.keyring).header == header)
        #expect(try DumpIdentity.of(source, Dumps.keyring) == Self.identity)
        #expect(try DumpIdentity.of(source, header) == Self.identity)
        #expect(try DumpIdentity.Ends().identity(header) == Self.identity)
        #expect(try DumpIdentity.of(source) != Self.identity)
      }
    }
  }

  @Test("is that of the file where none is stated, also beside words that look like one")
  func none() throws {
    let notes = [
      "encrypted at rest", "; gatehouse identity=", "; gatehouse identity=\(Self.identity.dropLast())",
      "; gatehouse identity=\(Self.identity.dropLast())g", "; gatehouse identity=\(Self.identity) ",
      "gatehouse identity=\(Self.identity)",
    ]
    for note in notes { #expect(FirstIdentity.find(in: note) == nil, "\(note)") }
    let (bytes, _) = try Dumps.sealed([("a", ["{}"])], order: OrderTests.order)
    let source = BytesSource(bytes: bytes)
    #expect(try DumpIdentity.of(source, Dumps.keyring) == DumpIdentity.of(source))
  }
}
