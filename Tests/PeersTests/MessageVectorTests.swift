import Cryptography
import DumpFormat
import JSON
import Testing

@testable import Peers

/// Bytes that `Tests/DumpReader/formats.py` wrote. During a deployment a task exchanges messages with a task of the
/// version before or after it. So a new layout gets vectors of its own, and these stay.
@Suite("Messages of this version and the one before")
struct MessageVectorTests {
  private static let (standby, holder) = (
    PeerName(bytes: [UInt8](repeating: 1, count: 16)), PeerName(bytes: [UInt8](repeating: 2, count: 16))
  )
  private static let call = """
    47504d3101bb5a2f93fa8cfc610101010101010101010101010101010102020202020202020202020202020202000000000000010200\
    0102030405060708090a0b0c0d0e0f4feb1c18c57aa105f7a02ec843d7a9782529a7885be2e695170872e775f3b6213ddb4d69c7940a\
    43f67890866d9da6106ab6201a2a23bcf96eee2a2446a28afd44c72381dbe9bf72888a37475ea6e21a012da64aa69f6681fdf863c7ee\
    e987fb68754dd0ade982589231368f0537fdff0b03fc3c92433871ce40ed84fa4a018754376da3adf6db897e821352e9c5a3ba7d549f\
    fbd9f1d25e5c5de05501e30182d92ca4413b3a8c801472a246b98485e2e7ca88d36f739368055608f32e2522d90541eb5fe9741f3304\
    ad9eefab9b12c8a28d57efa8bc4ebea64219
    """
  private static let answer = """
    47504d3102bb5a2f93fa8cfc610202020202020202020202020202020201010101010101010101010101010101000000000000010200\
    0102030405060708090a0b0c0d0e0f33395514e1c6705d656f1c25480465201f218cc77e7e6cfaa475e61524720e631146b44b81d0cc\
    919068e020b52c984ab76a7ce8c3aa2169be91dabcefdfc31522421cae726cb43b01585f5b4c5ec781849d1eda3b48b37b1adb5d79b4\
    2015a1cd70e19c7bedb4fd2d1c77210d7c3308e1080ae19c83999a647dcdf6f8e461f376af40aae25118349e9e590ef68e62d5f1ce
    """

  /// The bytes behind the length of the fields, and the message.
  static let contents: [(text: String, message: PeerMessage)] = [
    (#"{"lag_ms":12,"kind":"hello"}report"#, PeerMessage(.hello, ["lag_ms": 12], body: Array("report".utf8))),
    (
      #"{"method":"POST","path":"/platform/group?a=b","fields":[["authorization","Bearer token"],["x-request-id","x-1"]],"authority":"gateway.example","client":"192.0.2.7","kind":"change"}{"group_name":"ü"}"#,
      PeerMessage(
        .change,
        [
          "method": "POST", "path": "/platform/group?a=b",
          "fields": [["authorization", "Bearer token"], ["x-request-id", "x-1"]], "authority": "gateway.example",
          "client": "192.0.2.7",
        ], body: Array(#"{"group_name":"ü"}"#.utf8))
    ),
    (#"{"kind":"place"}"#, PeerMessage(.place)),
    (
      #"{"status":201,"fields":[["content-type","application/json"]],"journal":{"epoch":3,"sequence":17,"bytes":2048},"kind":"done"}{}"#,
      PeerMessage(
        .done,
        [
          "status": 201, "fields": [["content-type", "application/json"]],
          "journal": .object(["epoch": 3, "sequence": 17, "bytes": 2048]),
        ], body: Array("{}".utf8))
    ),
    (
      #"{"reason":"this task does not write","kind":"refused"}"#,
      PeerMessage(.refused, ["reason": "this task does not write"])
    ),
  ]

  /// The length of the fields, which end with the kind, and the bytes behind it.
  private static func bytes(_ text: String, _ message: PeerMessage) -> [UInt8] {
    let length = text.utf8.count - message.body.count
    return [0, 0, 0, UInt8(length)] + Array(text.utf8)
  }

  private func envelopes() throws -> [(bytes: [UInt8], direction: PeerEnvelope.Direction, content: [UInt8])] {
    let (call, answer) = (Hexadecimal.decode(Self.call.utf8), Hexadecimal.decode(Self.answer.utf8))
    let (change, done) = (Self.contents[1], Self.contents[3])
    return [
      (try #require(call), .call, Self.bytes(change.text, change.message)),
      (try #require(answer), .answer, Self.bytes(done.text, done.message)),
    ]
  }

  private func secret() throws -> MessageSecret {
    try MessageSecret(of: DumpKey("a key of at least thirty-two characters"))
  }

  @Test("are decrypted, and are from and for the tasks that they name")
  func decryption() throws {
    for (bytes, direction, content) in try envelopes() {
      let envelope = try #require(PeerEnvelope(bytes))
      let isCall = direction == .call
      #expect(envelope.direction == direction && envelope.counter == 258)
      #expect(envelope.sender == (isCall ? Self.standby : Self.holder))
      #expect(envelope.receiver == (isCall ? Self.holder : Self.standby))
      let decrypted = try envelope.decrypt(bytes, with: [secret()])
      #expect(decrypted == content)
    }
  }

  @Test("are encrypted to the byte as they were")
  func encryption() throws {
    let salt = RandomBytes { count in (0..<count).map { UInt8($0) } }
    for (bytes, direction, content) in try envelopes() {
      let (sender, receiver) = direction == .call ? (Self.standby, Self.holder) : (Self.holder, Self.standby)
      let message = try PeerEnvelope.encrypt(
        content, direction, from: sender, to: receiver, counter: 258, with: secret(), randomness: salt)
      #expect(message == bytes)
    }
  }

  @Test("have contents that are read and written to the byte as they were")
  func content() {
    for (text, message) in Self.contents {
      let bytes = Self.bytes(text, message)
      #expect(PeerMessage(bytes) == message, "\(text)")
      #expect(message.bytes == bytes, "\(text)")
    }
  }

  @Test("may have fields that this version does not know, as a later one may send them")
  func laterFields() throws {
    let text = #"{"later":{"a":[1]},"kind":"place"}"#
    let message = try #require(PeerMessage([0, 0, 0, UInt8(text.utf8.count)] + Array(text.utf8)))
    #expect(message.kind == .place)
  }
}
