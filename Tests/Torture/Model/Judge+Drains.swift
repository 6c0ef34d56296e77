/// The rules for the end of a drain. A drain's promises are judged with those of the process that it drains.
extension Judge {
  var drainViolations: [Violation] { history.drains.flatMap(violations(of:)) }

  private func violations(of drain: Drain) -> [Violation] {
    let text =
      "the sidecar of run \(drain.run), begun at \(Self.seconds(drain.begun)), told to drain at \(Self.seconds(drain.told))"
    guard let exit = drain.exit else { return [Violation(rule: .drainTooLong, sentence: "\(text), did not end")] }
    let end = "\(text), ended at \(Self.seconds(drain.ended)) with \(exit)"
    guard exit >= 0 else { return [Violation(rule: .endedBySignal, sentence: end)] }
    // The sidecar drains only when it is told to, and does not end before.
    guard let told = drain.told else { return [Violation(rule: .endedUnasked, sentence: end)] }
    let last = (drain.hung + history.full).compactMap(\.end).filter { $0 <= drain.ended }.reduce(told, max)
    let isLate = drain.ended - last - stall(within: Span(last, drain.ended)) > Limits.drain
    var violations = isLate ? [Violation(rule: .drainTooLong, sentence: end)] : []
    if exit != 0, isUndisturbed(drain) { violations.append(Violation(rule: .drainFailed, sentence: end)) }
    return violations
  }

  /// Whether a failed drain has no excuse.
  private func isUndisturbed(_ drain: Drain) -> Bool {
    guard let run = runs[drain.run], drain.isLoggedIn, !wasDeposed(run) else { return false }
    let span = Span(drain.begun - 1, drain.ended)
    let gone = [run.toldToStop, run.killed, run.ended].compactMap(\.self).min() ?? .infinity
    return gone >= drain.ended && isHealthy(run, span) && drain.hung.allSatisfy { $0.overlap(with: span) == 0 }
      && stall(within: span) < 1
  }
}
