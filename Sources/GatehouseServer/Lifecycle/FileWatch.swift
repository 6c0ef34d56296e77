/// Keeps something as its files are.
protocol FileWatch: Actor {
  /// The time between two looks at the files.
  static var interval: Duration { get }

  /// Looks at the files once.
  ///
  /// - Parameter isAsked: whether to read them although they did not change.
  func look(isAsked: Bool) async
}

extension FileWatch {
  /// Looks at the files now and then, and reads them again at each request.
  func run(_ requests: AsyncStream<Void>) async {
    await withDiscardingTaskGroup { group in
      group.addTask {
        for await _ in requests { await self.look(isAsked: true) }
      }
      // Only the end of the process cancels this sleep.
      while (try? await Task.sleep(for: Self.interval)) != nil { await look(isAsked: false) }
    }
  }
}
