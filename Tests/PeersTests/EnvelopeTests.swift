import Cryptography
import DumpFormat
import JSON
import TestSupport
import Testing

@testable import Peers

private let long = DumpKey("a-key-of-the-tests-0123456789abcdef")
private let short = DumpKey("short-key")

private func name(_ byte: UInt8) -> PeerName { PeerName(bytes: [UInt8](repeating: byte, count: 16)) }

/// A standby and a holder with the same key, unless others are given.
private struct Pair {
  let standby: PeerEndpoint
  let holder: PeerEndpoint

  init(_ keys: DumpKeyring = DumpKeyring(sealing: long), holder holderKeys: DumpKeyring? = nil) {
    standby = PeerEndpoint(name(1), keys: PeerKeys(CurrentKeyring(keys)))
    holder = PeerEndpoint(name(2), keys: PeerKeys(CurrentKeyring(holderKeys ?? keys)))
  }

  func call(_ content: String = "a change") async throws -> PeerEndpoint.Sent {
    try await standby.call(name(2), Array(content.utf8))
  }
}

/// The refusal of a message, or `nil` when it is taken.
private func refusal(_ body: () async throws -> Void) async -> PeerRefusal? {
  do {
    try await body()
    return nil
  } catch {
    return error as? PeerRefusal
  }
}

@Suite("A message between two tasks")
struct EnvelopeTests {
  @Test("arrives, and so does its answer", arguments: [long, short])
  func roundTrip(key: DumpKey) async throws {
    let pair = Pair(DumpKeyring(sealing: key))
    let sent = try await pair.call("a change")
    #expect(pair.holder.expects(sent.message))
    let taken = try await pair.holder.take(sent.message)
    #expect(taken.content == Array("a change".utf8) && taken.sender == name(1))
    let answer = try await pair.holder.answer(taken, Array("done".utf8))
    #expect(try await pair.standby.answer(answer, to: sent) == Array("done".utf8))
    let empty = try await pair.holder.take(try await pair.call("").message)
    #expect(empty.content == [])
  }

  @Test("shows nothing of its content, and is never the same twice")
  func secrecy() async throws {
    let pair = Pair()
    let (one, two) = (try await pair.call().message, try await pair.call().message)
    #expect(one.firstRange(of: Array("a change".utf8)) == nil)
    #expect(one.dropFirst(PeerEnvelope.headerSize) != two.dropFirst(PeerEnvelope.headerSize))
  }

  @Test("is refused after each change of one bit, and when it is cut off anywhere")
  func damage() async throws {
    let pair = Pair()
    let message = try await pair.call().message
    for position in message.indices {
      for bit in 0..<8 {
        var changed = message
        changed[position] ^= 1 << bit
        #expect(await refusal { _ = try await pair.holder.take(changed) } != nil, "bit \(bit) of byte \(position)")
      }
      #expect(await refusal { _ = try await pair.holder.take(Array(message[..<position])) } != nil, "\(position) bytes")
    }
    #expect(await refusal { _ = try await pair.holder.take(message + [0]) } == .notAuthentic)
    // None of these attempts used up its counter.
    #expect(await refusal { _ = try await pair.holder.take(message) } == nil)
  }

  @Test("is taken once")
  func replay() async throws {
    let pair = Pair()
    let message = try await pair.call().message
    _ = try await pair.holder.take(message)
    #expect(await refusal { _ = try await pair.holder.take(message) } == .replayed)
  }

  @Test("is taken only by the process that it is for, and never by its own")
  func receivers() async throws {
    let pair = Pair()
    let third = PeerEndpoint(name(3), keys: PeerKeys(CurrentKeyring(DumpKeyring(sealing: long))))
    let message = try await pair.call().message
    #expect(!third.expects(message))
    #expect(await refusal { _ = try await third.take(message) } == .foreignReceiver)
    let own = try await pair.standby.call(name(1), [1]).message
    #expect(await refusal { _ = try await pair.standby.take(own) } == .replayed)
  }

  @Test("with another key is refused; an older key of the receiver opens it, and one of the sender opens the answer")
  func keys() async throws {
    let other = DumpKey("another-key-of-the-tests-0123456789")
    let apart = Pair(holder: DumpKeyring(sealing: other))
    #expect(await refusal { _ = try await apart.holder.take(try await apart.call().message) } == .unknownKey)
    let rotating = Pair(DumpKeyring(sealing: long, older: [other]), holder: DumpKeyring(sealing: other, older: [long]))
    let sent = try await rotating.call()
    let taken = try await rotating.holder.take(sent.message)
    let answer = try await rotating.holder.answer(taken, [7])
    #expect(try await rotating.standby.answer(answer, to: sent) == [7])
  }

  @Test("follows a key that is replaced while the process runs")
  func rotation() async throws {
    let keyring = CurrentKeyring(DumpKeyring(sealing: long))
    let standby = PeerEndpoint(name(1), keys: PeerKeys(keyring))
    let holder = PeerEndpoint(name(2), keys: PeerKeys(keyring))
    let before = try await standby.call(name(2), [1]).message
    keyring.replace(with: DumpKeyring(sealing: short))
    let after = try await standby.call(name(2), [2]).message
    #expect(PeerEnvelope(before)?.key != PeerEnvelope(after)?.key)
    #expect(try await holder.take(before).content == [1])
    #expect(try await holder.take(after).content == [2])
  }

  @Test("is no answer, and an answer is no call and answers one call only")
  func directions() async throws {
    let pair = Pair()
    let (one, two) = (try await pair.call(), try await pair.call())
    let taken = try await pair.holder.take(one.message)
    let answer = try await pair.holder.answer(taken, [1])
    #expect(await refusal { _ = try await pair.standby.take(answer) } == .malformed)
    #expect(await refusal { _ = try await pair.standby.answer(one.message, to: one) } == .malformed)
    #expect(await refusal { _ = try await pair.standby.answer(answer, to: two) } == .replayed)
    // The direction is part of the key, too.
    var turned = answer
    turned[4] = PeerEnvelope.Direction.call.rawValue
    #expect(await refusal { _ = try await pair.standby.take(turned) } == .notAuthentic)
    for position in answer.indices {
      var changed = answer
      changed[position] ^= 0x10
      #expect(await refusal { _ = try await pair.standby.answer(changed, to: one) } != nil, "byte \(position)")
    }
  }

  @Test("never stops a process, whatever its bytes are")
  func random() async throws {
    let pair = Pair()
    var generator = SeededGenerator(seed: 11)
    let message = try await pair.call().message
    for _ in 0..<2000 {
      var bytes = message
      for _ in 0..<Int.random(in: 1...20, using: &generator) {
        switch Int.random(in: 0..<3, using: &generator) {
        case 0 where !bytes.isEmpty: bytes.remove(at: Int.random(in: bytes.indices, using: &generator))
        case 1:
          let place = Int.random(in: 0...bytes.count, using: &generator)
          bytes.insert(.random(in: 0...255, using: &generator), at: place)
        default: bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &generator)))
        }
      }
      guard bytes != message else { continue }
      #expect(await refusal { _ = try await pair.holder.take(bytes) } != nil)
    }
  }
}

@Suite("The window of calls that were taken")
struct ReplayWindowTests {
  @Test("takes each counter once, in any order, as far back as it remembers")
  func order() {
    var window = ReplayWindow()
    var generator = SeededGenerator(seed: 5)
    var taken: Set<UInt64> = []
    var highest: UInt64 = 0
    for _ in 0..<20_000 {
      let counter = UInt64.random(in: 0...highest + 40, using: &generator)
      let isOld = !taken.isEmpty && counter + UInt64(ReplayWindow.size) <= highest
      let isNew = !taken.contains(counter) && !isOld
      let isTaken = window.take(counter)
      #expect(isTaken == isNew, "\(counter) with \(highest) as the highest")
      if isNew { taken.insert(counter) }
      highest = max(highest, isNew ? counter : highest)
    }
  }

  @Test(
    "goes on after a great leap, and refuses what lies before it",
    arguments: [1024, 5000, UInt64.max - 7] as [UInt64])
  func leap(distance: UInt64) {
    var window = ReplayWindow()
    let attempts: [(UInt64, Bool)] = [
      (7, true), (7 + distance, true), (7, false), (7 + distance, false), (7 + distance - 1023, distance > 1023),
      (7 + distance - 1024, false),
    ]
    for (counter, isTaken) in attempts {
      let outcome = window.take(counter)
      #expect(outcome == isTaken, "\(counter)")
    }
  }

  @Test("is kept for each sender, up to a bound, and nothing is forgotten for another")
  func senders() throws {
    var replays = ReplayGuard()
    for number in 0..<ReplayGuard.mostSenders {
      let sender = PeerName(bytes: withUnsafeBytes(of: (UInt64(number), UInt64(0))) { Array($0) })
      try replays.take(1, of: sender)
    }
    let first = PeerName(bytes: [UInt8](repeating: 0, count: 16))
    for (counter, sender, refusal) in [
      (1, name(0xFF), PeerRefusal.tooManySenders), (1, first, .replayed), (2, first, nil),
    ] as [(UInt64, PeerName, PeerRefusal?)] {
      var found: PeerRefusal?
      do throws(PeerRefusal) { try replays.take(counter, of: sender) } catch { found = error }
      #expect(found == refusal)
    }
  }
}

@Suite("The content of a message")
struct MessageTests {
  @Test("is the same after it was written and read")
  func roundTrip() {
    let message = PeerMessage(.change, ["path": "/ü", "n": 3], body: [0, 255, 10])
    #expect(PeerMessage(message.bytes) == message)
  }

  @Test("is none when it is cut off, of an unknown kind, or longer than it is", arguments: [0, 3, 4, 9])
  func damaged(count: Int) {
    let bytes = PeerMessage(.hello, ["a": 1]).bytes
    #expect(PeerMessage(Array(bytes.prefix(count))) == nil)
    #expect(PeerMessage([0xFF, 0xFF, 0xFF, 0xFF] + bytes.dropFirst(4)) == nil)
    let unknown = Array(#"{"kind":"later"}"#.utf8)
    #expect(PeerMessage([0, 0, 0, UInt8(unknown.count)] + unknown) == nil)
  }
}
