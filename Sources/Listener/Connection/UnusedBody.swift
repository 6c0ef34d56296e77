/// The rest of a request whose answer was given before, and what comes behind the last request of a connection. Some of
/// it is read, although nobody takes it.
package enum UnusedBody {
  /// The most of it in bytes. Many clients read the answer only when they have sent all, and so much is read in less
  /// time than another connection with TLS takes. More would cost the gateway more than it spares the client.
  package static let longest = 1 << 20
}
