import Listener
import NIOCore

/// The waits for a client, whose call keeps the connection while the server has nothing to do.
extension UpstreamConnection {
  /// The client has to send more of the request: the server is not late.
  func awaitClient() {
    deadline?.clear()
    beginWait()
  }

  /// The pool hears of a wait when it has lasted a moment.
  func beginWait() {
    guard wait.begin(), let context else { return }
    if waitTimer == nil {
      waitTimer = LazyDeadline(on: context.eventLoop) { [unowned self] in self.pool.beginWait(of: self) }
    }
    waitTimer?.set(in: ClientWait.shortest)
  }

  func endWait() {
    guard wait.end() else { return }
    waitTimer?.clear()
    pool.endWait(of: self)
  }

  /// Other calls need the connection, and the client keeps it waiting.
  func displace() { fail(.displaced) }
}
