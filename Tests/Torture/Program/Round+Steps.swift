import Foundation
import Glibc
import TestSupport
import TortureModel

/// The actions on the tasks.
extension Round {
  func perform(_ moment: Moment) throws {
    switch moment {
    case .begin(let task): try begin(task)
    case .step(let step): try perform(step)
    case .signal(let player, let number): player.signal(number)
    case .thaw(let player): player.thaw()
    case .goOn(let task): volume.goOn(for: task)
    case .free: volume.free()
    }
  }

  private func begin(_ number: Int) throws {
    guard !players.contains(where: { $0.run.task == number && $0.isRunning }) else { return }
    let task = schedule.tasks[number]
    let skew = bed.skewedClock == nil ? 0 : task.skews[players.count % task.skews.count]
    players.append(
      try player(
        number, view: volume.view(of: number), isElsewhere: task.isOnOtherKernel, skew: skew, slowness: task.slowness))
  }

  func player(_ task: Int, view: URL, isElsewhere: Bool = false, skew: Int = 0, slowness: Int = 0) throws
    -> Player
  {
    var changes = ["LOG_FORMAT": "plain", "LOG_LEVEL": "info", "MEM_JOURNAL": bed.journal]
    let preloaded = [skew == 0 ? nil : bed.skewedClock, slowness == 0 ? nil : bed.slowVolume].compactMap { $0?.path() }
    if !preloaded.isEmpty {
      changes.merge([
        "LD_PRELOAD": preloaded.joined(separator: ":"), "SKEW_SECONDS": "\(skew)", "SLOW_MILLISECONDS": "\(slowness)",
      ]) { $1 }
    }
    let hasDrain = schedule.actions.contains { if case .drain = $0.step { true } else { false } }
    if hasDrain { changes.merge(SidecarProcess.account) { $1 } }
    return try Player(
      id: players.count, task: task, view: view, root: root, changes, through: isElsewhere ? bed.otherKernel : nil,
      skew: skew, clock: clock)
  }

  private func perform(_ step: Schedule.Step) throws {
    steps += 1
    switch step {
    case .stop(let target, let signals, let apart, let pause):
      for player in running(target) {
        player.pause = pause
        for (number, signal) in signals.enumerated() { later(Double(number * apart) / 1000, .signal(player, signal)) }
      }
    case .kill(let target, let pause):
      for player in running(target) {
        player.pause = pause
        player.signal(SIGKILL)
      }
    case .freeze(let target, let seconds):
      for player in running(target) {
        player.freeze()
        later(seconds, .thaw(player))
      }
    case .hang(let target, let seconds):
      for task in Set(running(target).map(\.run.task)) {
        volume.hang(for: task)
        later(seconds, .goOn(task: task))
      }
    case .stopAmidDump(let target, let stage, let delay, let isHang, let seconds):
      guard let player = running(target).first else { return }
      waitAmidDump(target, stage, delay)
      if isHang {
        volume.hang(for: player.run.task)
        later(seconds, .goOn(task: player.run.task))
      } else {
        player.freeze()
        later(seconds, .thaw(player))
      }
    case .fill(let seconds):
      volume.fill()
      later(seconds, .free)
    case .signal(let target, let number):
      for player in running(target) where player.isReady { player.signal(number) }
    case .drain(let target, let pause):
      for player in running(target) where player.drain == nil {
        guard let port = player.port else { continue }
        player.pause = pause
        player.drain = try Draining(
          player.run, dumps: volume.view(of: player.run.task), port: port, at: clock.now)
      }
    case .removeLease(let claims):
      history.leaseRemovals.append(clock.now)
      volume.removeLease(claims: claims)
    case .dump(let target): ask(.dump, of: target)
    case .restore(let target): ask(.restore, of: target)
    case .slowCreate(let target, let count, let pause):
      for (task, endpoint) in endpoints(target) {
        for number in 0..<count {
          clients.createSlowly("r\(endpoint.run)-s\(steps)-\(task)-\(number)", of: endpoint, pause: pause)
        }
      }
    }
  }

  /// - Parameter delay: the microseconds after the stage.
  private func waitAmidDump(_ target: Schedule.Target, _ stage: Schedule.DumpStage, _ delay: Int) {
    guard let watch = DumpWatch(volume.base) else { return }
    ask(.dump, of: target)
    let file =
      switch stage {
      case .writing: ""
      case .looking: "lease.json"
      case .lookingAtClaim: ".lease-epoch-"
      }
    guard watch.waitForDump(andOpening: file, within: 1000) else { return }
    // The delay is shorter than the resolution of a sleep.
    let end = ContinuousClock.now + .microseconds(delay)
    while ContinuousClock.now < end {}
  }

  private func ask(_ change: Change, of target: Schedule.Target) {
    for (_, endpoint) in endpoints(target) { clients.ask(change, of: endpoint) }
  }

  private func endpoints(_ target: Schedule.Target) -> [(Int, Endpoint)] {
    running(target).compactMap { player in
      let endpoint = clients.endpoint(of: player.run.task)
      return endpoint.flatMap { $0.run == player.run.id ? (player.run.task, $0) : nil }
    }
  }

  private func running(_ target: Schedule.Target) -> [Player] {
    let running = players.filter(\.isRunning)
    let holder = running.max { ($0.highestEpoch ?? 0) < ($1.highestEpoch ?? 0) }
    switch target {
    case .task(let task): return running.filter { $0.run.task == task }
    case .holder: return [holder].compactMap(\.self)
    case .other: return [running.first { $0 !== holder }].compactMap(\.self)
    case .all: return running
    }
  }
}
