/// The event of a client that takes too long over a request's body. The data plane answers such a request with its own
/// words.
package struct BodyDeadlinePassed: Sendable {}
