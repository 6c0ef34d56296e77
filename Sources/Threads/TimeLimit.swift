/// Waits for work that can't be cancelled, no longer than a limit. The work goes on after that.
package enum TimeLimit {
  /// Does a piece of work.
  ///
  /// - Throws: `Worker.Late` when the limit is over, or the error of the work.
  package static func perform<Value: Sendable>(
    within limit: Duration, _ work: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    let (results, report) = AsyncStream.makeStream(of: Result<Value, any Error>.self)
    Task {
      do {
        report.yield(.success(try await work()))
      } catch {
        report.yield(.failure(error))
      }
      report.finish()
    }
    let timer = Task {
      try await Task.sleep(for: limit)
      report.finish()
    }
    defer { timer.cancel() }
    for await result in results { return try result.get() }
    throw Worker.Late()
  }
}
