import TestSupport
import Testing

@testable import DumpFormat

@Suite("Sealed bytes")
struct SealedBytesTests {
  private static let key = DumpKey("0123456789abcdef0123456789abcdef")
  private static let keyring = DumpKeyring(sealing: key)

  private func code(_ file: [UInt8], _ keyring: DumpKeyring = keyring) -> DumpFormatError.Code? {
    do throws(DumpFormatError) {
      _ = try SealedBytes.open(file, as: .counters, in: keyring)
      return nil
    } catch {
      return error.code
    }
  }

  @Test("are the same when they are opened", arguments: [0, 1, 1 << 20, 1 << 20 + 1, 3 << 20])
  func roundTrip(count: Int) throws {
    let content = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let file = try SealedBytes.seal(content, as: .counters, key: Self.key)
    #expect(try SealedBytes.open(file, as: .counters, in: Self.keyring) == content)
    let newer = DumpKeyring(sealing: DumpKey("another key of thirty-two letters"), older: [Self.key])
    #expect(try SealedBytes.open(file, as: .counters, in: newer) == content)
  }

  @Test("are refused with any bit flipped, wherever they are cut, and with more behind them")
  func damage() throws {
    let file = try SealedBytes.seal(Array("42 calls of Jürgen".utf8), as: .counters, key: Self.key)
    for position in file.indices {
      #expect(code(Array(file.prefix(position))) != nil, "cut at \(position)")
      for bit in 0..<8 {
        var changed = file
        changed[position] ^= 1 << UInt8(bit)
        #expect(code(changed) != nil, "byte \(position), bit \(bit)")
      }
    }
    #expect(code(file + [0]) == .damaged)
  }

  @Test("are told from those of another key and of another kind")
  func others() throws {
    let file = try SealedBytes.seal([1, 2, 3], as: .counters, key: Self.key)
    #expect(code(file, DumpKeyring(sealing: DumpKey("another key of thirty-two letters"))) == .noKey)
    #expect(code(try SealedBytes.seal([1, 2, 3], as: .journal, key: Self.key)) == .notADump)
  }
}
