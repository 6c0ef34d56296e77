/// The rules for the start and the end of processes.
extension Judge {
  /// The exit code of a task that lost its lease and has changes that no dump contains.
  private static let changesLeftBehind: Int32 = 70

  var processViolations: [Violation] {
    history.runs.flatMap(violations(of:)) + history.runs.compactMap(silence(of:)) + recoveryViolations
  }

  private var recoveryViolations: [Violation] {
    guard let healed = history.healed else { return [] }
    let limit = healed + Limits.recovery + stall(within: Span(healed))
    let again = history.operations.contains { operation in
      guard operation.answer == .acknowledged, !operation.name.isEmpty, let ended = operation.ended else {
        return false
      }
      return operation.sent >= healed && ended <= limit
    }
    guard !again else { return [] }
    return [Violation(rule: .noWriter, sentence: "since \(Self.seconds(healed))")]
  }

  /// Finds probes that were not answered by a process that ran and was to continue.
  private func silence(of run: Run) -> Violation? {
    let silent = history.operations.first { probe in
      probe.kind == .probe && probe.run == run.id && wait(of: probe, by: run) > Limits.answer
    }
    return silent.map {
      Violation(
        rule: .noAnswer,
        sentence: "run \(run.id) was asked at \(Self.seconds($0.sent)), and answered at \(Self.seconds($0.ended))")
    }
  }

  /// The seconds in which a process that could answer a probe did not.
  private func wait(of probe: Request, by run: Run) -> Double {
    let end = [run.toldToStop, run.killed, run.ended].compactMap(\.self).min() ?? .infinity
    let wait = Span(probe.sent, min(probe.ended ?? .infinity, end, probe.sent + 2 * Limits.answer))
    let frozen = run.frozen.map { $0.overlap(with: wait) }.reduce(0, +)
    return (wait.end ?? 0) - wait.begin - frozen - stall(within: wait)
  }

  func slowestAnswer(of run: Run) -> Double {
    history.operations.filter { $0.kind == .probe && $0.run == run.id }.map { wait(of: $0, by: run) }.max() ?? 0
  }

  /// The seconds from the last event that may have delayed a stop to its end.
  func timeToStop(of run: Run) -> Double? {
    guard let told = run.toldToStop, run.killed == nil, let ended = run.ended else { return nil }
    let disturbances = (run.frozen + run.hung + history.full).compactMap(\.end)
    let last = (run.signals.map(\.time) + disturbances).filter { $0 <= ended }.max() ?? told
    return ended - last - stall(within: Span(last, ended))
  }

  private func violations(of run: Run) -> [Violation] {
    var violations: [Violation] = []
    let end = "run \(run.id) ended at \(Self.seconds(run.ended)) with \(run.exit.map(String.init) ?? "nothing")"
    func found(_ rule: Rule, _ sentence: String) { violations.append(Violation(rule: rule, sentence: sentence)) }
    for event in run.events {
      guard case .passedOver(let line) = event.kind else { continue }
      // A task that loses its lease while its dump gets its name leaves that dump, and the next task need not have seen
      // it.
      let isBypassed = line.contains("the journals go on from another dump")
      if !isBypassed || !history.runs.contains(where: wasDeposed) {
        found(.damagedDump, "run \(run.id): \(line)")
      }
    }
    if run.isStuck { found(.stopTooLong, "run \(run.id) did not end") }
    guard let exit = run.exit, let ended = run.ended else { return violations }
    if exit < 0 {
      // Before its first log line, the process is not yet the program, which could block a signal.
      let isEarly = !run.events.contains { $0.kind == .starting }
      if exit != -9 && !(isEarly && run.signals.contains { $0.number == -exit }) || exit == -9 && run.killed == nil {
        found(.endedBySignal, end)
      }
      return violations
    }
    guard run.killed == nil else { return violations }
    guard let told = run.toldToStop else {
      if [65, 69, 71, 73, 74, 78].contains(exit) {
        if isHealthy(run, Span(run.begun, ended)) { found(.startRefused, end) }
      } else {
        found(.endedUnasked, end)
      }
      return violations
    }
    if let time = timeToStop(of: run), time > Limits.stop {
      found(.stopTooLong, "\(end), told to stop at \(Self.seconds(told))")
    }
    // The third signal to stop ends the process at once.
    if exit == Self.changesLeftBehind, isHealthy(run, Span(told - 1, ended)), let missing = notKept(by: run) {
      found(.changesNotKept, "\(end), and \(missing)")
    }
    if exit != 0, run.stops.count < 3, isHealthy(run, Span(told - 1, ended)), !wasDeposed(run) {
      found(.stopFailed, "\(end), told to stop at \(Self.seconds(told))")
    }
    return violations
  }

  /// Finds changes that a deposed task acknowledged in its last tenure and did not save in a separate dump.
  private func notKept(by run: Run) -> String? {
    let keeping = run.events.last { if case .kept = $0.kind { true } else { false } }
    guard let keeping, case .kept(let name) = keeping.kind, let kept = history.sideDumps[name] else {
      return "its changes are in no dump"
    }
    // The task may have regained the lease since, and then saved what it had acknowledged.
    let takes = run.takes.map(\.time)
    let end = takes.first { $0 > keeping.time } ?? .infinity
    // The judge does not know what a restore removed.
    guard let begin = takes.last(where: { $0 <= keeping.time }),
      !history.operations.contains(where: { $0.run == run.id && $0.kind == .restore })
    else { return nil }
    let changes = history.operations.filter { $0.run == run.id && !$0.name.isEmpty && $0.sent < end }
    for (name, changes) in Self.byName(changes) {
      guard let last = changes.filter({ !$0.isRefused }).max(by: { $0.sent < $1.sent }),
        last.answer == .acknowledged, last.begun >= begin
      else { continue }
      switch last.kind {
      case .create(let value), .update(let value):
        if kept[name] != value { return "'\(name)' is \(kept[name] ?? "not there") in its dump instead of '\(value)'" }
      case .delete: if kept[name] != nil { return "'\(name)' is still in its dump" }
      case .dump, .restore, .probe: continue
      }
    }
    return nil
  }

  func isHealthy(_ run: Run, _ span: Span) -> Bool {
    (history.full + run.hung + run.frozen).allSatisfy { $0.overlap(with: span) == 0 }
  }

  /// Whether another task took the lease after this one. In that case this one may have changes to report.
  func wasDeposed(_ run: Run) -> Bool {
    guard let own = run.takes.map(\.epoch).max() else { return false }
    return run.events.contains { if case .lost = $0.kind { true } else { false } }
      || history.runs.contains { other in
        other.id != run.id && other.takes.contains { $0.epoch > own && $0.time <= run.ended ?? .infinity }
      }
  }
}
