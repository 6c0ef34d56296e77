import Clocks
import HTTPClient
import JSON
import Logging
import Synchronization
import Threads

/// Watches the ECS task from a thread of its own: requests from the metadata endpoint each second whether the task is
/// to stop, and protects the task from scale-in during rounds and drains. Does nothing outside ECS.
final class TaskWatch: Sendable {
  /// Rings when ECS wants the task to stop.
  let stopping = Wakeup()
  private let configuration: SidecarConfiguration.ECS
  private let logger: Logger
  private let metrics: SidecarMetrics
  private let isWished = Mutex(false)

  private static let period = Duration.seconds(1)

  init(_ configuration: SidecarConfiguration.ECS, logger: Logger, metrics: SidecarMetrics) {
    self.configuration = configuration
    self.logger = logger
    self.metrics = metrics
  }

  /// Whether there is anything to watch.
  var isNeeded: Bool { configuration.metadata != nil || configuration.agent != nil && configuration.protectsTask }

  /// Wishes for the task to be protected, or no longer. Returns at once.
  func protect(_ isProtected: Bool) {
    isWished.withLock { $0 = isProtected }
  }

  /// Starts the thread.
  ///
  /// - Parameter client: makes the client for the requests to the endpoints.
  func start(_ client: @escaping @Sendable () throws -> HTTPClient) {
    guard isNeeded else { return }
    let maker = ClientMaker(purpose: "watching the ECS task", logger: logger, metrics: metrics, make: client)
    do throws(ThreadError) {
      try SystemThread.start { [self] in loop(maker.makeEventually()) }
    } catch {
      metrics.countFailure(.threads)
      logger.error("the task is not watched", metadata: ["error": "\(error)"])
    }
  }

  private func loop(_ http: HTTPClient) {
    var metadata = EndpointSchedule()
    var protection = ProtectionSchedule()
    var isStopping = false
    let pause = Wakeup()
    while true {
      if let url = configuration.metadata, !isStopping, metadata.isDue(at: SteadyClock.now()) {
        let result = ask(http, url)
        metadata.note(result, period: Self.period, at: SteadyClock.now())
        report(result, isFirst: metadata.failures == 1)
        isStopping = result == .success(true)
        if isStopping {
          logger.notice("ECS stops the task", metadata: ["ecs.desired_status": "STOPPED"])
          stopping.ring()
        }
      }
      if let agent = configuration.agent, configuration.protectsTask {
        let isWished = isWished.withLock { $0 }
        if protection.isDue(isWished: isWished, at: SteadyClock.now()) {
          let result = set(http, agent, isWished)
          protection.note(result, isWished: isWished, at: SteadyClock.now())
          report(result, isWished, isFirst: protection.failures == 1)
        }
      }
      pause.wait(until: Deadline(in: .milliseconds(250)))
    }
  }

  /// - Returns: whether the task is to stop.
  private func ask(_ http: HTTPClient, _ url: String) -> EndpointResult {
    let request = HTTPRequest("GET", "\(url)/task")
    do {
      let answer = try http.send(request, deadline: Deadline(in: .seconds(2)))
      guard answer.isSuccess, let status = TaskStatus(answer.body) else {
        return .failure(
          EndpointRefusal(description: "it answered \(answer.status), and no status of a task", isFinal: false))
      }
      return .success(status.isStopping)
    } catch {
      return .failure(EndpointRefusal(description: "\(error)", isFinal: false))
    }
  }

  private func set(_ http: HTTPClient, _ agent: String, _ isProtected: Bool) -> EndpointResult {
    var body: JSONObject = ["ProtectionEnabled": .bool(isProtected)]
    // Only with protection on: the endpoint refuses fields that it does not expect.
    if isProtected { body["ExpiresInMinutes"] = .integer(ProtectionSchedule.expiry) }
    let request = HTTPRequest(
      "PUT", "\(agent)/task-protection/v1/state", headers: [("Content-Type", "application/json")],
      body: .bytes(JSONWriter.bytes(.object(body))))
    do {
      let answer = try http.send(request, deadline: Deadline(in: .seconds(2)))
      guard answer.isSuccess else {
        let detail = String(decoding: answer.body.prefix(200), as: UTF8.self)
        return .failure(
          EndpointRefusal(description: "it answered \(answer.status): \(detail)", isFinal: answer.status == 403))
      }
      return .success(true)
    } catch {
      return .failure(EndpointRefusal(description: "\(error)", isFinal: false))
    }
  }

  private func report(_ result: EndpointResult, isFirst: Bool) {
    guard case .failure(let refused) = result else { return }
    metrics.countFailure(.ecsMetadata)
    // A row of failures is logged once.
    guard isFirst else { return }
    logger.warning(
      "the metadata of the ECS task can't be had; until they can, a stop shows by its signal only",
      metadata: ["error": "\(refused.description)"])
  }

  private func report(_ result: EndpointResult, _ isProtected: Bool, isFirst: Bool) {
    switch result {
    case .success: logger.debug("task protection set", metadata: ["ecs.protected": "\(isProtected)"])
    case .failure(let refused):
      metrics.countFailure(.ecsProtection)
      guard isFirst else { return }
      logger.warning(
        "the task can't be protected from scale-in; its role needs ecs:UpdateTaskProtection",
        metadata: ["error": "\(refused.description)"])
    }
  }
}
