import Foundation
import Glibc
import TestSupport
import TortureModel

/// A sidecar that drains a task before the task is told to stop.
final class Draining {
  private let sidecar: ProgramProcess
  private let task: Int
  private var drain: Drain

  init(_ run: Run, dumps: URL, port: Int, at time: Double) throws {
    sidecar = try SidecarProcess.start(dumps: dumps, port: port, ["DRAIN_DEADLINE": "8", "KEEP_LAST": "100000"])
    task = run.task
    drain = Drain(run: run.id, begun: time)
  }

  /// - Returns: the drain, once it has ended.
  func look(at time: Double, _ volume: RoundVolume) -> Drain? {
    if !sidecar.isRunning {
      drain.ended = time
      drain.hung = volume.hung(for: task).filter { ($0.end ?? .infinity) >= drain.begun }
      drain.exit = try? sidecar.waitForExit(within: .seconds(1))
      return drain
    }
    if drain.told == nil {
      drain.isLoggedIn = sidecar.log.contains("logged in to the gateway")
      if drain.isLoggedIn || time - drain.begun > 10 {
        drain.told = time
        sidecar.signal(SIGTERM)
      }
    }
    return nil
  }

  /// Stops waiting for the sidecar.
  func giveUp(at time: Double) -> Drain {
    sidecar.signal(SIGKILL)
    drain.ended = time
    return drain
  }
}
