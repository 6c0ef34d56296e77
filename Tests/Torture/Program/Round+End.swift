import Foundation
import Glibc
import JSON
import TestSupport
import TortureModel

/// The end of a round.
extension Round {
  func heal() {
    volume.heal()
    for player in players { player.thawFully() }
    // Actions that are not done by now are omitted, except starts and signals under way.
    moments.removeAll { moment in
      switch moment.moment {
      case .begin, .signal: false
      case .step, .thaw, .goOn, .free: true
      }
    }
    history.healed = clock.now
  }

  /// Stops the tasks one after the other, so that each but the last can hand over to another. Clients continue
  /// meanwhile.
  func stopAll() throws {
    // This is longer than the sidecar's own deadlines.
    try goOn(until: clock.now + 60) { players.allSatisfy { $0.drain == nil } }
    for player in players {
      guard let drain = player.drain?.giveUp(at: clock.now) else { continue }
      history.drains.append(drain)
      player.drain = nil
    }
    moments = []
    let offset = Int(schedule.seed % 7)
    for number in schedule.tasks.indices {
      let task = (number + offset) % schedule.tasks.count
      for player in players where player.run.task == task && player.isRunning {
        player.pause = nil
        // A task that is already stopping may understand a further signal as a request to hurry.
        if player.run.stops.isEmpty { player.signal(SIGTERM) }
        try goOn(until: clock.now + 60) { !player.isRunning }
        if player.isRunning { player.giveUp() }
      }
    }
    try goOn(until: clock.now + 20) { players.allSatisfy { !$0.isRunning } }
  }

  /// The documents that a new task loads.
  func readBack() throws {
    (history.final, history.finalStart) = try state(in: volume.base)
  }

  /// The documents in the dumps that deposed tasks saved, each as a start with that dump alone loads it.
  func readSideDumps() throws {
    let deposed = volume.base.appending(path: "deposed")
    for name in names(in: deposed) where name.hasSuffix(".bin") {
      let directory = root.appending(path: "side-\(name)")
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
      try FileManager.default.copyItem(at: deposed.appending(path: name), to: directory.appending(path: name))
      history.sideDumps[name] = try state(in: directory).documents
    }
  }

  /// - Returns: the documents that a new task on a directory loads, and the result of its start.
  private func state(in directory: URL) throws -> (documents: [String: String]?, start: String) {
    let player = try player(0, view: directory)
    defer { player.process.signal(SIGKILL) }
    let begun = clock.now
    try goOn(until: begun + 60) {
      _ = player.look()
      return player.isReady && player.port != nil || !player.isRunning
    }
    let took = "after \((clock.now - begun)) s"
    guard let port = player.port, player.isReady else {
      return (nil, "a fresh task is not ready \(took): \(player.process.log.suffix(2000))")
    }
    do {
      let reader = try StateReader(port: port, token: Self.logIn(port: port))
      return (try reader.documents(asked: Set(clients.operations.map(\.name))), "ready \(took)")
    } catch {
      return (nil, "a fresh task does not tell its documents: \(error)")
    }
  }
}
