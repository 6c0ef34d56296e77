import Foundation
import Glibc
import TestSupport
import Testing

/// Tests of the accounts whose passwords the environment defines. Their hashes are computed in parallel with the start.
@Suite("The accounts of the environment")
struct AccountTests {
  private static let areSet = "the passwords of the environment are set"
  private static let isSidecarSet = "the sidecar's account is set"

  private func position(of text: String, in log: String) throws -> String.Index {
    try #require(log.range(of: text), "\(log)").lowerBound
  }

  @Test("do not delay readiness, and a login to them waits for its hash")
  func readyBeforeHashes() async throws {
    try await withGatehouse(SidecarProcess.account) { (gatehouse: GatehouseProcess) async throws in
      _ = try gatehouse.logIn()
      _ = try gatehouse.logIn(SidecarProcess.username, SidecarProcess.password)
      // The last of the three lines.
      try gatehouse.waitForLog(Self.areSet)
      let log = gatehouse.log
      #expect(try position(of: " ready", in: log) < position(of: Self.areSet, in: log))
      #expect(try position(of: " ready", in: log) < position(of: Self.isSidecarSet, in: log))
    }
  }

  @Test("are in a dump with their passwords, even if it is written right after the start")
  func dumpBeforeHashes() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      let first = try GatehouseProcess(dumps: generated, SidecarProcess.account)
      defer { if first.isRunning { first.signal(SIGKILL) } }
      #expect(first.logs(" ready"))
      #expect(try first.stop() == 0)
      #expect(!names(in: generated).filter { $0.hasSuffix(".bin") }.isEmpty)
      try await withGatehouse(dumps: generated, SidecarProcess.account) { (next: GatehouseProcess) async throws in
        #expect(next.logs(Self.areSet))
        // An account that already has the environment's password is left unchanged.
        #expect(!next.log.contains(Self.isSidecarSet))
        _ = try next.logIn(SidecarProcess.username, SidecarProcess.password)
      }
    }
  }

  @Test("never accept the passwords of a restored dump where the environment defines others")
  func changedPasswords() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let generated = root.appending(path: "generated")
      try await withGatehouse(dumps: generated, SidecarProcess.account) { (gatehouse: GatehouseProcess) async throws in
        #expect(try gatehouse.stop() == 0)
      }
      let changes = [
        "DOORMAN_ADMIN_PASSWORD": "Another-Horse-Battery-9", "SIDECAR_USERNAME": SidecarProcess.username,
        "SIDECAR_PASSWORD": "another-password-of-the-sidecar",
      ]
      try await withGatehouse(dumps: generated, changes) { (gatehouse: GatehouseProcess) async throws in
        #expect(throws: HTTPFailure.self) { try gatehouse.logIn() }
        #expect(throws: HTTPFailure.self) {
          try gatehouse.logIn(SidecarProcess.username, SidecarProcess.password)
        }
        _ = try gatehouse.logIn(GatehouseProcess.adminEmail, "Another-Horse-Battery-9")
        _ = try gatehouse.logIn(SidecarProcess.username, "another-password-of-the-sidecar")
      }
    }
  }
}
