/// The rules for the contents of the last state.
extension Judge {
  /// A promise that everything a process acknowledged before a certain time is saved.
  private struct Promise {
    /// Changes that were acknowledged before this time are covered.
    var begun: Double
    /// The time from which the promise applies.
    var given: Double
    /// Only requests that were sent after this time are covered.
    var since = -Double.infinity
    var rule: Rule
    var text: String
  }

  /// One change with a wrong outcome.
  private struct Finding {
    var rule: Rule
    /// The number of the process that received the request.
    var run: Int?
    var time: Double
    var sentence: String
  }

  /// The first violation of each rule and process, with the number of the others.
  var stateViolations: [Violation] {
    guard let final = history.final else {
      return [Violation(rule: .finalStart, sentence: history.finalStart)]
    }
    let promises = Dictionary(uniqueKeysWithValues: history.runs.map { ($0.id, self.promises(of: $0)) })
    let restores = history.operations.filter { $0.kind == .restore && !$0.isRefused }
    var names = Self.byName(history.operations)
    for name in final.keys where names[name] == nil { names[name] = [] }
    let findings = names.compactMap { name, operations in
      finding(about: name, operations, is: final[name], promises, restores)
    }
    .sorted { ($0.time, $0.sentence) < ($1.time, $1.sentence) }
    var groups: [(first: Finding, count: Int)] = []
    for finding in findings {
      if let group = groups.firstIndex(where: { $0.first.rule == finding.rule && $0.first.run == finding.run }) {
        groups[group].count += 1
      } else {
        groups.append((finding, 1))
      }
    }
    return groups.map { first, count in
      Violation(rule: first.rule, sentence: first.sentence + (count > 1 ? "; and \(count - 1) more" : ""))
    }
  }

  private func finding(
    about name: String, _ operations: [Request], is value: String?, _ promises: [Int: [Promise]], _ restores: [Request]
  ) -> Finding? {
    // These are the possible states after each change of the name. A change without a response may or may not have been
    // made.
    var states: [Set<String?>] = [[nil]]
    var held = 0
    var broken: (Request, Promise)?
    var offered: Set<String> = []
    for operation in operations.sorted(by: { $0.sent < $1.sent }) {
      let next: String?
      switch operation.kind {
      case .create(let value), .update(let value): next = value
      case .delete: next = nil
      case .dump, .restore, .probe: continue
      }
      let before = states[states.count - 1]
      switch operation.answer {
      case .acknowledged: states.append([next])
      case .unknown: states.append(before.union([next]))
      case .refused:
        states.append(before)
        continue
      }
      if let next { offered.insert(next) }
      if operation.answer == .acknowledged,
        let all = promises[operation.run].map({ $0 + journalPromise(for: operation) }),
        let promise = all.first(where: { holds($0, of: all, operation, restores) })
      {
        held = states.count - 1
        broken = (operation, promise)
      }
    }
    if states[held...].contains(where: { $0.contains(value) }) { return nil }
    let shown = "'\(name)' is \(value.map { "'\($0)'" } ?? "not there")"
    guard let (operation, promise) = broken, value == nil || value.map(offered.contains) == true else {
      let told = operations.map { "\($0.kind) \($0.answer) at \(Self.seconds($0.sent))" }.joined(separator: ", ")
      return Finding(
        rule: .phantom, run: operations.first?.run, time: operations.first?.sent ?? 0,
        sentence: "\(shown); asked for: \(told.isEmpty ? "never" : told)")
    }
    return Finding(
      rule: promise.rule, run: operation.run, time: operation.sent,
      sentence:
        "\(shown) although run \(operation.run) acknowledged \(operation.kind), sent at \(Self.seconds(operation.sent)), at \(Self.seconds(operation.ended)), and \(promise.text)"
    )
  }

  /// With a journal, the answer to a change is a promise. A restore that begins after it has the change.
  private func journalPromise(for operation: Request) -> [Promise] {
    guard history.isJournaled, let ended = operation.ended else { return [] }
    return [
      Promise(
        begun: .infinity, given: ended, since: operation.begun, rule: .acknowledgedChangeLost,
        text: "it was to be in the journal by then")
    ]
  }

  /// Whether a promise covers a change that no restore may have removed.
  private func holds(
    _ promise: Promise, of all: [Promise], _ operation: Request, _ restores: [Request]
  ) -> Bool {
    guard Self.covers(promise, operation) else { return false }
    return restores.allSatisfy { restore in
      // The restore came before the change, or its dump already contained the change.
      restoreEnd(restore) <= operation.begun
        || all.contains { $0.given < restore.begun && Self.covers($0, operation) }
    }
  }

  private static func covers(_ promise: Promise, _ operation: Request) -> Bool {
    guard let ended = operation.ended else { return false }
    return ended < promise.begun && operation.begun >= promise.since
  }

  /// A restore without a response may still happen as long as its process lives.
  private func restoreEnd(_ restore: Request) -> Double {
    restore.answer == .acknowledged ? restore.ended ?? .infinity : runs[restore.run]?.ended ?? .infinity
  }

  private func promises(of run: Run) -> [Promise] {
    var promises: [Promise] = history.operations.compactMap { operation in
      guard operation.run == run.id, operation.kind == .dump, operation.answer == .acknowledged,
        let ended = operation.ended
      else { return nil }
      return Promise(
        begun: operation.begun, given: ended, since: tenure(of: run, at: ended), rule: .dumpedChangeLost,
        text: "a dump that was asked for at \(Self.seconds(operation.begun)) was answered 200 at \(Self.seconds(ended))"
      )
    }
    for event in run.events {
      guard case .dumpWritten(let duration, let reason) = event.kind else { continue }
      promises.append(
        Promise(
          begun: run.earliest(event.time, duration: duration), given: event.time,
          since: tenure(of: run, at: event.time), rule: .dumpedChangeLost,
          text: "logged at \(Self.seconds(event.time)) that a dump was written (\(reason))"))
    }
    for drain in history.drains where drain.run == run.id && drain.exit == 0 && drain.isLoggedIn {
      guard let told = drain.told, isWriter(run, at: told) else { continue }
      promises.append(
        Promise(
          begun: told, given: drain.ended, since: tenure(of: run, at: told), rule: .drainLostChange,
          text: "a drain from \(Self.seconds(told)) to \(Self.seconds(drain.ended)) ended with exit code 0"))
    }
    if run.exit == 0, let ended = run.ended, let take = run.takes.last {
      promises.append(
        Promise(
          begun: .infinity, given: ended, since: take.time, rule: .cleanExitLostChange,
          text: "ended at \(Self.seconds(ended)) with exit code 0"))
    }
    return promises
  }

  /// The start of the tenure that a dump belongs to. Changes that a process acknowledged in an earlier tenure, before
  /// another task took over, are no longer in its state.
  private func tenure(of run: Run, at time: Double) -> Double {
    run.takes.map(\.time).last { $0 <= time } ?? -.infinity
  }

  /// Whether the process has the highest epoch at that time.
  func isWriter(_ run: Run, at time: Double) -> Bool {
    guard let own = run.takes.last(where: { $0.time <= time })?.epoch else { return false }
    return !history.runs.contains { $0.id != run.id && $0.takes.contains { $0.epoch > own && $0.time <= time } }
  }

  static func seconds(_ time: Double?) -> String {
    guard let time else { return "never" }
    return "\((time * 1000).rounded() / 1000) s"
  }
}

/// The rules for snapshots: each is consistent.
extension Judge {
  var gapViolations: [Violation] {
    guard let final = history.final else { return [] }
    let deleted = Set(history.operations.filter { $0.kind == .delete }.map(\.name))
    let restores = history.operations.filter { $0.kind == .restore && !$0.isRefused }
    let creates = history.operations.filter { operation in
      guard case .create = operation.kind else { return false }
      let above = Request.parent(of: operation.name)
      return !deleted.contains(operation.name) && !(above.map { deleted.contains($0) } ?? false)
    }
    return Dictionary(grouping: creates, by: \.run).sorted { $0.key < $1.key }.compactMap { id, creates in
      guard let run = runs[id] else { return nil }
      // Within a tenure without a restore, the state only grows.
      let breaks =
        run.takes.map { Span(run.earliest($0.time), $0.time) } + restores.map { Span($0.begun, restoreEnd($0)) }
      let survivors = creates.filter { final[$0.name] != nil }
      for lost in creates where lost.answer == .acknowledged && final[lost.name] == nil {
        guard let ended = lost.ended else { continue }
        let later = survivors.first { survivor in
          survivor.sent > ended
            && !breaks.contains { lost.begun <= $0.end ?? .infinity && $0.begin <= survivor.ended ?? .infinity }
        }
        if let later {
          return Violation(
            rule: .gap,
            sentence:
              "'\(lost.name)', which run \(id) acknowledged at \(Self.seconds(ended)), is not there; '\(later.name)', sent at \(Self.seconds(later.sent)), is"
          )
        }
      }
      return nil
    }
  }
}
