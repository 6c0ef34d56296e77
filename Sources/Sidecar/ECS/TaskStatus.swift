import JSON

/// The status of this task from the metadata endpoint of ECS (version 4, `/task`).
struct TaskStatus: Sendable, Equatable {
  let desired: String

  /// Reads an answer.
  ///
  /// - Returns: `nil` when the answer is not that of the endpoint.
  init?(_ body: [UInt8]) {
    guard let task = try? JSONParser().parseObject(body), let desired = task["DesiredStatus"]?.string else {
      return nil
    }
    self.desired = desired
  }

  /// Whether ECS stops the task. This turns true before the containers get their signals.
  var isStopping: Bool { desired == "STOPPED" }
}
