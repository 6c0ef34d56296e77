import Foundation
import Glibc
import TestSupport
import TortureModel

/// The volume of two tasks as each of them sees it, and the environment of each.
final class TwoTaskBed {
  private let directory: URL
  /// One for each task, or none.
  private var mounts: [HangingVolume] = []
  private var settings: [[String: String]]
  /// While this file exists, each task takes the other one for dead; `nil` without the library for it.
  private let blindness: URL?

  /// - Parameter root: an empty directory.
  init(in root: URL, _ plan: TwoTaskPlan, _ fault: RecordedFault?) throws {
    directory = root.appending(path: "generated")
    let journal = ["MEM_JOURNAL": fault == .lostChange ? "off" : "always"]
    settings = [journal, journal]
    if fault == .twoWriters {
      guard let library = try TestBed.library("Torture/Fixtures/blind-lock", in: root) else {
        throw HTTPFailure(description: "\(RecordedFault.twoWriters.rawValue) needs clang")
      }
      let file = root.appending(path: "blind")
      blindness = file
      for task in 0..<2 { settings[task].merge(["LD_PRELOAD": library.path(), "BLIND_WHEN": file.path()]) { $1 } }
    } else {
      blindness = nil
    }
    switch plan.theme {
    case .mix, .longFreeze: break
    case .hang:
      let behind = root.appending(path: "behind")
      mounts = (0..<2).compactMap { HangingVolume(root.appending(path: "mount-\($0)"), over: behind) }
      if mounts.count < 2 {
        mounts = []
        say("skipped: volumes that hang, as there is no FUSE or no bindfs; the tasks are frozen instead")
      }
    case .clocks:
      guard let library = try TestBed.library("EndToEnd/Fixtures/skewed-clock", in: root) else {
        say("skipped: shifted clocks, as there is no clang")
        break
      }
      for task in 0..<2 {
        // A task refuses tokens that have ended by its own clock.
        settings[task].merge([
          "LD_PRELOAD": library.path(), "SKEW_SECONDS": "\(plan.skews[task])", "AUTH_EXPIRE_TIME": "7",
          "AUTH_EXPIRE_TIME_FREQ": "days",
        ]) { $1 }
      }
    }
  }

  /// Starts a task.
  func start(_ task: Int) throws -> GatehouseProcess {
    try GatehouseProcess(dumps: mounts.isEmpty ? directory : mounts[task].url, settings[task])
  }

  /// Whether the volume of one task can hang without that of the other.
  var canHang: Bool { !mounts.isEmpty }

  func hang(_ task: Int) { mounts[task].hang() }

  func goOn() { for mount in mounts { mount.goOn() } }

  /// Lets each task take the other one for dead, or no longer.
  func setBlind(_ isBlind: Bool) throws {
    guard let blindness else { return }
    if isBlind { try Data().write(to: blindness) } else { unlink(blindness.path()) }
  }

  /// Unmounts the volumes. No task may run any more.
  func end() {
    goOn()
    mounts = []
  }
}
