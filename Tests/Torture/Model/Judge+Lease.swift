/// The rules for the lease: there is only one writer at a time.
extension Judge {
  private struct Take {
    var run: Run
    var time: Double
    var epoch: Int
  }

  var leaseViolations: [Violation] {
    let takes = history.runs.flatMap { run in run.takes.map { Take(run: run, time: $0.time, epoch: $0.epoch) } }
      .sorted { $0.epoch < $1.epoch }
    return repeated(takes) + overtaken(takes) + undisturbed(takes)
  }

  private func repeated(_ takes: [Take]) -> [Violation] {
    zip(takes, takes.dropFirst()).filter { $0.epoch == $1.epoch }.map { one, other in
      Violation(
        rule: .epochTwice,
        sentence:
          "epoch \(one.epoch) by run \(one.run.id) at \(Self.seconds(one.time)) and by run \(other.run.id) at \(Self.seconds(other.time))"
      )
    }
  }

  /// Finds changes that were acknowledged under a lower epoch although a higher one was taken before the request was
  /// complete. It reports one violation a run.
  private func overtaken(_ takes: [Take]) -> [Violation] {
    let changes = history.operations.filter { $0.answer == .acknowledged && $0.kind != .dump && $0.kind != .probe }
    return history.runs.compactMap { run in
      var found: [(change: Request, take: Take)] = []
      for change in changes where change.run == run.id {
        guard let ended = change.ended else { continue }
        // The log line may be written after the first change in its epoch.
        let own = takes.filter { $0.run.id == run.id && run.earliest($0.time) <= ended }.map(\.epoch).max() ?? 0
        let other = takes.first { $0.run.id != run.id && $0.epoch > own && $0.time + Limits.clock < change.sent }
        if let other { found.append((change, other)) }
      }
      guard let first = found.first else { return nil }
      return Violation(
        rule: .twoWriters,
        sentence:
          "run \(run.id) acknowledged '\(first.change.name)', sent at \(Self.seconds(first.change.sent)), at \(Self.seconds(first.change.ended)), and \(found.count - 1) more; run \(first.take.run.id) had epoch \(first.take.epoch) since \(Self.seconds(first.take.time))"
      )
    }
  }

  /// Finds a lease that was taken from a holder that ran, was not told to stop, and could reach its volume. It reports
  /// the first of the round.
  private func undisturbed(_ takes: [Take]) -> [Violation] {
    let all = zip(takes, takes.dropFirst()).compactMap { before, take -> Violation? in
      let holder = before.run
      guard holder.id != take.run.id, before.time <= take.time else { return nil }
      let taken = take.run.earliest(take.time)
      let gone = [holder.toldToStop, holder.killed, holder.ended].compactMap(\.self).min() ?? .infinity
      let window = Span(taken - 60, take.time)
      let disturbance = disturbance(of: holder, within: window)
      guard gone > take.time, disturbance < Limits.leaseDisturbance else { return nil }
      return Violation(
        rule: .leaseTaken,
        sentence:
          "run \(take.run.id) took epoch \(take.epoch) at \(Self.seconds(take.time)); run \(holder.id) had epoch \(before.epoch) since \(Self.seconds(before.time)) and was disturbed for \(Self.seconds(disturbance))"
      )
    }
    guard var first = all.first else { return [] }
    if all.count > 1 { first.sentence += "; and \(all.count - 1) more" }
    return [first]
  }

  /// The seconds within a span in which a holder could not renew its lease. A full volume alone costs nobody the lease,
  /// since the next holder needs the volume too, and leaves the present one the time to renew it. A holder that is
  /// frozen or hangs when the volume becomes free lacks that time.
  private func disturbance(of holder: Run, within window: Span) -> Double {
    let stopped = holder.frozen + holder.hung + history.stalls
    let full = history.full.filter { span in
      guard let freed = span.end else { return false }
      return stopped.contains { $0.overlap(with: Span(freed, freed + Limits.renewal)) > 0 }
    }
    return Span.union(of: stopped + full).map { $0.overlap(with: window) }.reduce(0, +)
  }
}
