import Foundation
import Glibc
import TestSupport
import TortureModel

/// The volume of a round, as each task sees it.
final class RoundVolume {
  /// The size of the file system. It is several times the dumps of the longest round, which are some hundred of 300
  /// KiB, so that only a disturbance can fill it.
  private static let small = "256m"

  /// The dump directory itself, without the mounts.
  let base: URL
  private var small: SmallVolume?
  private var mounts: [HangingVolume] = []
  /// The number of disturbances that currently keep each mount hung.
  private var hanging: [Int]
  private var filling = 0
  private let clock: RoundClock
  private(set) var full: [Span] = []
  /// The spans in which each mount hung.
  private var hung: [[Span]]

  init(_ kind: Schedule.Volume, tasks: Int, in root: URL, clock: RoundClock) throws {
    self.clock = clock
    var base = root.appending(path: "generated")
    switch kind {
    case .directory: break
    case .small: small = SmallVolume(base, size: Self.small)
    case .sharedMount, .mountEach:
      let behind = root.appending(path: "behind")
      mounts = (0..<(kind == .sharedMount ? 1 : tasks)).compactMap {
        HangingVolume(root.appending(path: "mount-\($0)"), over: behind)
      }
      if mounts.isEmpty {
        say("skipped: a volume that hangs, as its mount did not come up")
      } else {
        base = behind
      }
    }
    if kind == .small, small == nil { say("skipped: a full volume, as its mount did not come up") }
    self.base = base
    hanging = Array(repeating: 0, count: mounts.count)
    hung = Array(repeating: [], count: mounts.count)
    try FileManager.default.createDirectory(at: base, withIntermediateDirectories: true)
  }

  func view(of task: Int) -> URL { mount(of: task).map { mounts[$0].url } ?? base }

  private func mount(of task: Int) -> Int? { mounts.isEmpty ? nil : task % mounts.count }

  /// The spans in which a task's view of the volume hung.
  func hung(for task: Int) -> [Span] { mount(of: task).map { hung[$0] } ?? [] }

  // MARK: - Disturbances

  func hang(for task: Int) {
    guard let mount = mount(of: task) else { return }
    if hanging[mount] == 0 {
      hung[mount].append(Span(clock.now))
      mounts[mount].hang()
    }
    hanging[mount] += 1
  }

  func goOn(for task: Int) {
    guard let mount = mount(of: task), hanging[mount] > 0 else { return }
    hanging[mount] -= 1
    guard hanging[mount] == 0 else { return }
    mounts[mount].goOn()
    hung[mount][hung[mount].count - 1].end = clock.now
  }

  func fill() {
    guard let small else { return }
    if filling == 0 { full.append(Span(clock.now)) }
    filling += 1
    small.fill()
  }

  /// Fills the space that became free meanwhile.
  func keepFull() {
    if filling > 0 { small?.fill() }
  }

  func free() {
    guard filling > 0 else { return }
    filling -= 1
    guard filling == 0 else { return }
    small?.free()
    full[full.count - 1].end = clock.now
  }

  func heal() {
    for task in mounts.indices { while hanging[task] > 0 { goOn(for: task) } }
    while filling > 0 { free() }
  }

  func removeLease(claims: Bool) {
    for name in names(in: base) where name == "lease.json" || claims && name.hasPrefix(".lease-epoch-") {
      unlink(base.appending(path: name).path())
    }
  }

  /// Copies the volume's files before it is unmounted.
  func keep(in directory: URL) {
    guard small != nil else { return }
    try? FileManager.default.copyItem(at: base, to: directory.appending(path: "volume"))
    unlink(directory.appending(path: "volume/filler").path())
  }
}
