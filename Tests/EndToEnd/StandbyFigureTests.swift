import Foundation
import Glibc
import JSON
import TestSupport
import Testing

@Suite("The line of figures of a sidecar")
struct StandbyFigureTests {
  /// The newest line of figures that has all that a condition asks for.
  private func line(of sidecar: ProgramProcess, where isMeant: (JSONObject) -> Bool) -> JSONObject? {
    eventually { () -> JSONObject? in
      sidecar.log.split(separator: "\n").compactMap { try? JSONParser().parseObject(Array($0.utf8)) }
        .last { $0["message"] == "status" && isMeant($0) }
    }
  }

  @Test("tells a task on standby, which is ready and follows, from the one that writes")
  func roles() async throws {
    try await withTemporaryDirectory { (root: URL) async throws in
      let directory = root.appending(path: "generated")
      let settings = ["SIDECAR_STATUS_EVERY": "1s", "LOG_FORMAT": "json"]
      try await withGatehouse(dumps: directory, SidecarProcess.account) { (writer: GatehouseProcess) async throws in
        try await withGatehouse(dumps: directory, SidecarProcess.account) { (standby: GatehouseProcess) async throws in
          let sidecars = try [writer, standby].map {
            try SidecarProcess.start(dumps: directory, port: $0.port, settings)
          }
          defer { for sidecar in sidecars { sidecar.signal(SIGKILL) } }
          let writes = line(of: sidecars[0]) { $0["service_ready"] == 1 && $0["service_writer"] == 1 }
          #expect(writes != nil && writes?["standby_lag_seconds"] == nil, "\(sidecars[0].log)")
          // A task may be behind for a moment on a busy machine.
          let follows = line(of: sidecars[1]) { figures in
            guard let lag = figures["standby_lag_seconds"]?.number?.int else { return false }
            return figures["service_ready"] == 1 && figures["service_writer"] == 0 && 0...10 ~= lag
          }
          #expect(follows != nil, "\(sidecars[1].log)")
        }
      }
    }
  }
}
