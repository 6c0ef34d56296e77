import Retention
import Testing

@Suite("The trash")
struct TrashPolicyTests {
  private static let files = [
    TrashedFile(name: "old", trashedAt: 899), TrashedFile(name: "due", trashedAt: 900),
    TrashedFile(name: "young", trashedAt: 901), TrashedFile(name: "future", trashedAt: 1001),
    TrashedFile(name: "ancient", trashedAt: .min),
  ]

  private static func unlinked(
    keepFor: Int = 100, clock: ClockReading = .trusted(now: 1000), hasGoodDump: Bool = true
  ) -> [String] {
    TrashPolicy(keepFor: keepFor).filesToUnlink(files, clock: clock, hasGoodDump: hasGoodDump)
  }

  @Test("unlinks files whose time is over, and none from the future")
  func over() {
    #expect(Self.unlinked() == ["old", "due", "ancient"])
    #expect(Self.unlinked(keepFor: 0) == ["old", "due", "young", "ancient"])
    #expect(Self.unlinked(keepFor: .min) == ["old", "due", "young", "ancient"])
    #expect(Self.unlinked(keepFor: .max) == ["ancient"])
  }

  @Test("tells when the next file is due, of those that are not due yet")
  func next() {
    func seconds(_ keepFor: Int, _ clock: ClockReading = .trusted(now: 1000)) -> Int? {
      TrashPolicy(keepFor: keepFor).secondsToNext(Self.files, clock: clock)
    }
    #expect(seconds(100) == 1 && seconds(200) == 99)
    #expect(seconds(0) == 1, "the one from the future")
    #expect(seconds(.max) == nil)
    #expect(seconds(100, .untrusted(reason: "it jumped")) == nil)
    #expect(TrashPolicy(keepFor: 100).secondsToNext([], clock: .trusted(now: 1000)) == nil)
  }

  @Test("keeps all files while there is no good dump, or the clock can't be trusted")
  func keepsAll() {
    #expect(Self.unlinked(hasGoodDump: false) == [])
    #expect(Self.unlinked(clock: .untrusted(reason: "it jumped")) == [])
  }
}
