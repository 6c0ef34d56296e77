import Authentication
import DocumentStore
import HTTPAPI
import JSON
import Logging
import Model
import Rules
import Synchronization
import Testing

@testable import Platform

@Suite("Acknowledging a change")
struct AcknowledgementTests {
  /// Keeps what it is given, or fails.
  private final class TestLog: CommitLog {
    struct Failure: Error, CustomStringConvertible {
      let description = "the log is full"
    }

    let fails: Bool
    let kept: Mutex<[UInt64]>
    let confirmed = Mutex<[UInt64]>([])

    /// The reason why it takes no commit any more.
    let fullness: String?

    init(fails: Bool = false, fullness: String? = nil) {
      self.fails = fails
      self.fullness = fullness
      kept = Mutex([])
    }

    var obstacle: String? { fullness }

    func append(_ commit: Commit) async throws {
      await Task.yield()
      guard !fails else { throw Failure() }
      kept.withLock { $0.append(commit.sequence) }
    }

    func confirm(through sequence: UInt64) async throws {
      guard !fails else { throw Failure() }
      confirmed.withLock { $0.append(sequence) }
    }
  }

  private static func insert(into transaction: inout Transaction) throws(APIError) {
    do throws(StoreError) {
      try transaction.insert(["group_name": "g"], into: "groups")
    } catch {
      throw APIError(400, "x", "\(error)")
    }
  }

  private func services(
    isWriter: Bool, isSealed: Bool, isSaved: Bool, log: any CommitLog = TestLog()
  ) async throws -> PlatformServices {
    try await TestPlatform.services(
      store: DocumentStore(schemas: []), log: log,
      standby: isWriter ? nil : Standby(reason: "another task has the lease"), isSealed: isSealed, isSaved: isSaved)
  }

  private func isAcknowledged(isWriter: Bool, isSealed: Bool, isSaved: Bool) async throws -> Bool {
    let services = try await services(isWriter: isWriter, isSealed: isSealed, isSaved: isSaved)
    do throws(APIError) {
      try services.writer.acknowledge()
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
    #expect(throws: APIError.self) { try services.writer.permit() }
  }

  @Test("waits for the log of commits, and says so when the log does not take the change")
  func log() async throws {
    let log = TestLog()
    let services = try await services(isWriter: true, isSealed: false, isSaved: false, log: log)
    try await services.writer.write { (transaction) throws in try Self.insert(into: &transaction) }
    #expect(log.kept.withLock { $0 } == [1])
    // Nothing changed, so there is nothing to keep.
    await #expect(throws: APIError.self) {
      try await services.writer.write { (_) throws in throw APIError(400, "x", "x") }
    }
    try await services.writer.write { (_) throws in }
    #expect(log.kept.withLock { $0 } == [1])
    // The change was another client's, and may not be kept yet.
    #expect(log.confirmed.withLock { $0 } == [1])

    let failing = try await self.services(isWriter: true, isSealed: false, isSaved: false, log: TestLog(fails: true))
    let error = await #expect(throws: APIError.self) {
      try await failing.writer.write { (transaction) throws in try Self.insert(into: &transaction) }
    }
    #expect(error?.code == "GTW504" && error?.status == 503)
    #expect(error?.message.contains("the log is full") == true)
    await #expect(throws: APIError.self) { try await failing.writer.write { (_) throws in } }
  }

  @Test("no change is made while the log can't keep one")
  func obstacle() async throws {
    let full = try await services(
      isWriter: true, isSealed: false, isSaved: false, log: TestLog(fullness: "the volume is full"))
    let error = await #expect(throws: APIError.self) {
      try await full.writer.write { (transaction) throws in try Self.insert(into: &transaction) }
    }
    #expect(error?.code == "GTW504" && error?.message == "Nothing was changed: the volume is full")
  }
}
