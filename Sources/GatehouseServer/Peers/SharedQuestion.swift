/// A question that many ask. Those that come while one is under way share the next one, since the answer of the present
/// one may be of a moment before.
actor SharedQuestion<Answer: Sendable> {
  private let ask: @Sendable () async -> Answer
  private var newest: Task<Answer, Never>?
  /// The question that has not begun.
  private var next: Task<Answer, Never>?

  init(_ ask: @escaping @Sendable () async -> Answer) {
    self.ask = ask
  }

  /// The answer to a question that begins now or later.
  func answer() async -> Answer {
    if let next { return await next.value }
    let (ask, before) = (ask, newest)
    let task = Task {
      _ = await before?.value
      next = nil
      return await ask()
    }
    (next, newest) = (task, task)
    return await task.value
  }
}
