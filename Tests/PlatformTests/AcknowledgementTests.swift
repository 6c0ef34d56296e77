import Authentication
import DocumentStore
import Logging
import Resources
import Testing

@testable import Platform

@Suite("Acknowledging a change")
struct AcknowledgementTests {
  private struct NoDumps: DumpPort {
    func dump(to path: String?) async throws(Refusal) -> DumpReport { throw Refusal(500, "x", "x") }
    func restore(from path: String?) async throws(Refusal) -> RestoreReport { throw Refusal(500, "x", "x") }
    func check(dumpPath: String) async throws(Refusal) {}
  }

  private func services(isWriter: Bool, isSealed: Bool, isSaved: Bool) async throws -> PlatformServices {
    let settings = SecuritySettings.Defaults(
      enableAutoSave: false, autoSaveFrequencySeconds: 900, dumpPath: "/d/x.bin", allowLocalhostBypass: true)
    return PlatformServices(
      configuration: PlatformConfiguration(settings: settings, version: "1"), store: DocumentStore(schemas: []),
      passwords: Passwords(threads: 1, own: []), tokens: try await Tokens(keys: [TokenKey(secret: "k")]),
      dumps: NoDumps(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: { 0 },
      availability: { .ready }, standby: { isWriter ? nil : Standby(reason: "another task has the lease") },
      isSealed: { isSealed }, isSaved: { isSaved },
      activity: { .init(memoryPercent: 0, connections: 0, seconds: 0) })
  }

  private func isAcknowledged(isWriter: Bool, isSealed: Bool, isSaved: Bool) async throws -> Bool {
    let services = try await services(isWriter: isWriter, isSealed: isSealed, isSaved: isSaved)
    do throws(Refusal) {
      try services.acknowledgeChange()
      return true
    } catch {
      #expect(error.code == "GTW504")
      return false
    }
  }

  @Test("needs the lease, or a last dump that is safe; that changes have ended is not enough")
  func conditions() async throws {
    for isSealed in [false, true] {
      #expect(try await isAcknowledged(isWriter: true, isSealed: isSealed, isSaved: false))
      #expect(try await !isAcknowledged(isWriter: false, isSealed: isSealed, isSaved: false))
    }
    // The lease was given up after the dump.
    #expect(try await isAcknowledged(isWriter: false, isSealed: true, isSaved: true))
  }

  @Test("no change is made once changes have ended")
  func ended() async throws {
    let services = try await services(isWriter: true, isSealed: true, isSaved: false)
    #expect(throws: Refusal.self) { try services.permitChange() }
  }
}
