import Testing

@testable import DumpFormat

@Suite("The order of dumps")
struct OrderTests {
  static let order = DumpOrder(epoch: 3, sequence: 17)

  @Test("goes by the epoch first, then by the sequence")
  func comparison() throws {
    let orders = try [(1, 1), (1, 2), (1, 10), (2, 1), (10, 1)].map {
      try #require(DumpOrder(epoch: $0.0, sequence: $0.1))
    }
    #expect(orders.reversed().sorted() == orders)
    #expect(zip(orders, orders.dropFirst()).allSatisfy { $0 < $1 && !($1 < $0) })
  }

  @Test("has numbers that every reader keeps exactly", arguments: [Int.min, -1, 0, (1 << 53) + 1, Int.max])
  func bounds(number: Int) {
    #expect(DumpOrder(epoch: number, sequence: 1) == nil)
    #expect(DumpOrder(epoch: 1, sequence: number) == nil)
    #expect(DumpOrder(epoch: 1 << 53, sequence: 1 << 53) != nil)
  }

  @Test("is printed into the note and found there", arguments: [1, 9, 10, 4_294_967_296, 1 << 53])
  func note(number: Int) throws {
    let order = try #require(DumpOrder(epoch: number, sequence: (1 << 53) + 1 - number))
    #expect(DumpOrder(note: order.note()) == order)
    #expect(DumpOrder(note: order.note(behind: "")) == order)
    #expect(DumpOrder(note: order.note(behind: "é; gatehouse epoch=9 sequence=9")) == order)
    #expect(Self.order?.note() == "encrypted at rest; gatehouse epoch=3 sequence=17")
  }

  @Test(
    "is in no other note",
    arguments: [
      "", "encrypted at rest", "17", " sequence=17", "epoch=3 sequence=17", "; gatehouse epoch= sequence=17",
      "; gatehouse epoch=3 sequence=", "; gatehouse epoch=3 sequence=17 ", "; gatehouse epoch=3 sequence=17;",
      "; gatehouse epoch=3  sequence=17", "; gatehouse epoch=03 sequence=17", "; gatehouse epoch=3 sequence=017",
      "; gatehouse epoch=0 sequence=17", "; gatehouse epoch=3 sequence=0", "; gatehouse epoch=-3 sequence=17",
      "; gatehouse epoch=3 sequence=+17", "; gatehouse epoch=3.0 sequence=17", "; gatehouse epoch=٣ sequence=17",
      "; gatehouse epoch=9007199254740993 sequence=1", "; gatehouse epoch=1 sequence=10000000000000000",
      "; gatehouse epoch=99999999999999999999999 sequence=1", "; Gatehouse epoch=3 sequence=17",
      "; gatehouse sequence=17 epoch=3",
    ])
  func otherNotes(note: String) {
    #expect(DumpOrder(note: note) == nil)
  }

  @Test("is carried by a dump, whose every reader says so")
  func carried() throws {
    for order in [Self.order, nil] {
      let (bytes, written) = try Dumps.sealed([("a", ["{}"])], order: order)
      #expect(written.order == order)
      #expect(try Dumps.read(bytes).summary == written)
      let stamp = try UnverifiedDump(BytesSource(bytes: bytes)).unverifiedHeader(Dumps.keyring)
      #expect(stamp == DumpHeader(createdAt: "2026-01-02T03:04:05.678901Z", order: order))
    }
  }

  @Test("leaves the largest numbers within what is looked at of the beginning")
  func largest() throws {
    let order = try #require(DumpOrder(epoch: 1 << 53, sequence: 1 << 53))
    let (bytes, _) = try Dumps.sealed(
      [("a", [#"{"k":"\#(String(repeating: "x", count: 500))"}"#])], order: order)
    #expect(
      try UnverifiedDump(BytesSource(bytes: bytes)).unverifiedHeader(Dumps.keyring)?.order == order)
  }
}

@Suite("The beginning of a dump")
struct StampTests {
  private func stamp(_ text: String, _ keyring: DumpKeyring = Dumps.keyring) throws -> DumpHeader? {
    try UnverifiedDump(BytesSource(bytes: Dumps.sealed(text: text))).unverifiedHeader(keyring)
  }

  @Test("tells time and order, with the right key only")
  func keys() throws {
    let text =
      #"{"version":1,"created_at":"t","note":"x; gatehouse epoch=3 sequence=17","data":{}}"#
    let expected = DumpHeader(createdAt: "t", order: OrderTests.order)
    #expect(try stamp(text) == expected)
    #expect(try stamp(text, DumpKeyring(sealing: DumpKey("new"), older: [Dumps.key])) == expected)
    #expect(try stamp(text, DumpKeyring(sealing: DumpKey("wrong"))) == nil)
  }

  @Test(
    "takes whitespace as Python writes it, and members in any order",
    arguments: [
      #"{"version": 1, "created_at": "t", "sanitized": false, "note": "x; gatehouse epoch=3 sequence=17", "data": {"#,
      #"{"note":"x; gatehouse epoch=3 sequence=17","data":{"a":[{"created_at":"no"}]},"created_at":"t","version":1}"#,
      "\n { \"x\" : {\"created_at\":\"no\"} ,\t\"created_at\" : \"t\" , \"note\" : \"; gatehouse epoch=3 sequence=17\" , ",
      #"{"version":1,"created_at":"\u0074","note":"\u003b gatehouse epoch=3 sequence=17","data":["#,
    ])
  func spelling(text: String) throws {
    #expect(try stamp(text) == DumpHeader(createdAt: "t", order: OrderTests.order))
  }

  @Test(
    "has no order where there is no such note",
    arguments: [
      #"{"created_at":"t","data":{}}"#, #"{"created_at":"t","note":7,"data":{}}"#,
      #"{"created_at":"t","note":{"a":"; gatehouse epoch=3 sequence=17"},"data":{}}"#,
      #"{"created_at":"t","note":"; gatehouse epoch=3 sequence"#,
      #"{"created_at":"t","data":{"note":[{"note":"; gatehouse epoch=3 sequence=17"}]}}"#,
    ])
  func noOrder(text: String) throws {
    #expect(try stamp(text) == DumpHeader(createdAt: "t", order: nil))
  }

  @Test(
    "says nothing without a time",
    arguments: [
      "", "{", "[]", #"{"created_at":"#, #"{"created_at":"t"#, #"{"created_at":7,"#, #"{"data":{"created_at":"t"}}"#,
      #""created_at":"t""#, #"x{"created_at":"t","data":{}}"#,
    ])
  func noTime(text: String) throws {
    // The smallest dump has one byte of text.
    #expect(try stamp(text + " ") == nil)
  }
}
