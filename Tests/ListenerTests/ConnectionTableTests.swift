import Model
import TestSupport
import Testing

@testable import Listener

@Suite("The table of connections")
struct ConnectionTableTests {
  private let remote = NetworkAddress("192.0.2.1")
  private let loopback = NetworkAddress("127.0.0.1")

  private func table(_ maximum: Int, perAddress: Int? = nil, pace: Int = 1000, closingPlaces: Int = 16)
    -> ConnectionTableSubject
  {
    var limits = ConnectionTable.Limits(maximum: maximum, perAddress: perAddress)
    limits.loopbackPlaces = 2
    limits.pace = pace
    limits.closingPlaces = closingPlaces
    return ConnectionTableSubject(limits)
  }

  @Test("closes the connection that has been idle longest, and only after its grace")
  func longestIdle() throws {
    let table = table(2)
    let first = try #require(table.arrive(remote, at: 0)).id
    let second = try #require(table.arrive(remote, at: 100)).id
    #expect(table.isRefused(remote, at: 249))
    #expect(table.note(.answering, of: first, now: .milliseconds(249)))
    #expect(table.note(.idle, of: first, now: .milliseconds(251)))
    #expect(try #require(table.arrive(remote, at: 350)).closing == second)
    #expect(!table.note(.sending, of: second, now: .milliseconds(351)), "no request of it begins any more")
    #expect(try #require(table.arrive(remote, at: 501)).closing == first)
  }

  @Test("has room for many only without a decision among them")
  func room() throws {
    let table = table(10, pace: 2)
    #expect(table.hasRoom(10, at: 0) && !table.hasRoom(11, at: 0))
    let first = try #require(table.arrive(remote, at: 0)).id
    #expect(table.hasRoom(9, at: 0) && !table.hasRoom(10, at: 0))
    for _ in 0..<9 { _ = try #require(table.arrive(remote, at: 0)) }
    #expect(!table.hasRoom(1, at: 0))
    #expect(try #require(table.arrive(remote, at: 300)).closing == first)
    table.remove(first)
    #expect(!table.hasRoom(0, at: 301), "one was closed for a new one just now")
    #expect(table.hasRoom(0, at: 10_000))
  }

  @Test("counts a connection as idle from when it came, not from when its silence was noted")
  func silence() throws {
    let table = table(2)
    let first = try #require(table.arrive(remote, at: 0)).id
    let second = try #require(table.arrive(remote, at: 1)).id
    // Each event loop looks at its own connections, so the looks come in any order.
    #expect(table.note(.idle, of: second, now: .milliseconds(6)))
    #expect(table.note(.idle, of: first, now: .milliseconds(200)))
    #expect(table.isRefused(remote, at: 249))
    #expect(try #require(table.arrive(remote, at: 250)).closing == first)
  }

  @Test("counts a connection as idle from its last answer, though that is noted after others came")
  func lateNotes() throws {
    let table = table(4)
    let ids = try [0, 10, 20, 60].map { try #require(table.arrive(remote, at: $0)).id }
    for id in ids { #expect(table.note(.answering, of: id, now: .milliseconds(70))) }
    let times = [(2, 80), (3, 100), (0, 90), (1, 70)]
    for (number, time) in times { #expect(table.note(.idle, of: ids[number], now: .milliseconds(time))) }
    for number in [1, 2, 0, 3] {
      #expect(try #require(table.arrive(remote, at: 400)).closing == ids[number])
    }
  }

  @Test("takes a new one without a decision only while there is room for its address, too")
  func admission() throws {
    let table = table(3, perAddress: 2)
    #expect(table.admits(remote, at: 0))
    #expect(table.admits(remote, at: 0))
    #expect(!table.admits(remote, at: 1000), "its address has its share")
    #expect(table.admits(loopback, at: 0))
    #expect(!table.admits(loopback, at: 1000), "a place of loopback is one of last resort")
    #expect(table.open == 3)
  }

  @Test("closes a request that takes long to send when nothing is idle, and never one that is being answered")
  func slowRequests() throws {
    let table = table(2)
    let slow = try #require(table.arrive(remote, at: 0)).id
    let answered = try #require(table.arrive(remote, at: 0)).id
    #expect(table.note(.sending, of: slow, now: .milliseconds(10)))
    #expect(table.note(.answering, of: answered, now: .milliseconds(10)))
    #expect(table.isRefused(remote, at: 5009))
    let next = try #require(table.arrive(remote, at: 5010))
    #expect(next.closing == slow)
    #expect(table.note(.answering, of: next.id, now: .milliseconds(5011)))
    #expect(table.isRefused(remote, at: 3_600_000))
  }

  @Test("keeps some places for loopback when all others are taken by calls")
  func loopbackPlaces() throws {
    let table = table(2)
    for _ in 0..<2 {
      let id = try #require(table.arrive(remote, at: 0)).id
      #expect(table.note(.answering, of: id, now: .zero))
    }
    #expect(table.isRefused(remote, at: 1000))
    #expect(table.acceptance(now: .milliseconds(1000)) == .open)
    let probes = (0..<2).compactMap { _ in table.arrive(loopback, at: 1000)?.id }
    #expect(probes.count == 2)
    for probe in probes { #expect(table.note(.answering, of: probe, now: .milliseconds(1000))) }
    #expect(table.acceptance(now: .milliseconds(1000)) == .paused(until: .milliseconds(1050)))
    table.remove(probes[0])
    #expect(table.acceptance(now: .milliseconds(1000)) == .open)
  }

  @Test("waits for a grace to end instead of refusing, and looks no more often than 20 times a second")
  func waiting() throws {
    let table = table(1)
    _ = table.arrive(remote, at: 0)
    #expect(table.acceptance(now: .milliseconds(10)) == .paused(until: .milliseconds(250)))
    #expect(table.acceptance(now: .milliseconds(249)) == .paused(until: .milliseconds(299)))
    #expect(table.acceptance(now: .milliseconds(250)) == .open)
  }

  @Test(
    "cuts the times of those that have a place while many wait in the kernel's queue, but not of one that just came")
  func pressure() throws {
    let table = table(2)
    let new = try #require(table.arrive(remote, at: 0)).id
    let silent = try #require(table.arrive(remote, at: 5)).id
    #expect(table.note(.idle, of: silent, now: .milliseconds(10)))
    // The list has the new one first: whether it asks for something is not known yet.
    #expect(table.acceptance(now: .milliseconds(30), waiting: 50) == .paused(until: .milliseconds(35)))
    #expect(table.isRefused(remote, at: 30))
    #expect(table.note(.answering, of: new, now: .milliseconds(30)))
    // Two places, and half a second for 50 that wait: 20 ms for each.
    #expect(table.acceptance(now: .milliseconds(24), waiting: 50) == .paused(until: .milliseconds(29)))
    #expect(table.isRefused(remote, at: 24))
    #expect(table.acceptance(now: .milliseconds(25), waiting: 50) == .open)
    #expect(try #require(table.arrive(remote, at: 25)).closing == silent)
  }

  @Test("asks a client to take its answer, or to send its request, within the patience when many wait")
  func slowUnderPressure() throws {
    for activity in [ConnectionTable.Activity.sending, .taking] {
      let table = table(2)
      let slow = try #require(table.arrive(remote, at: 0)).id
      let answered = try #require(table.arrive(remote, at: 0)).id
      #expect(table.note(activity, of: slow, now: .zero))
      #expect(table.note(.answering, of: answered, now: .zero))
      _ = table.acceptance(now: .milliseconds(19), waiting: 50)
      #expect(table.isRefused(remote, at: 19))
      _ = table.acceptance(now: .milliseconds(20))
      #expect(table.isRefused(remote, at: 20), "without the others it has its time again")
      _ = table.acceptance(now: .milliseconds(20), waiting: 50)
      #expect(try #require(table.arrive(remote, at: 20)).closing == slow)
    }
  }

  @Test("bounds what one address holds, an IPv6 one by its network, but not loopback or a trusted proxy")
  func shares() throws {
    let table = table(100, perAddress: 2)
    let network = ["2001:db8::1", "2001:db8::2:0:0:0:1", "2001:db8:0:0:ffff::9", "2001:db8:0:1::1"]
      .map { NetworkAddress($0) }
    let first = try #require(table.arrive(network[0], at: 0)).id
    #expect(table.arrive(network[1], at: 0) != nil, "another network")
    #expect(table.arrive(network[2], at: 0) != nil)
    #expect(table.isRefused(network[0], at: 100), "nothing of it can be closed yet")
    #expect(table.arrive(network[3], at: 100) != nil, "another network")
    #expect(try #require(table.arrive(network[0], at: 300)).closing == first)
    for _ in 0..<5 {
      #expect(table.arrive(loopback, at: 0) != nil)
      #expect(table.arrive(remote, at: 0, isExempt: true) != nil)
    }
  }

  @Test("bounds what is closed for new ones in a time, and what is closing at once")
  func pace() throws {
    let table = table(4, pace: 2, closingPlaces: 1)
    for _ in 0..<4 { _ = table.arrive(remote, at: 0) }
    let closing = try #require(table.arrive(remote, at: 300)?.closing)
    // Four of clients, two places of loopback, one that is closing.
    _ = table.arrive(loopback, at: 300)
    #expect(table.acceptance(now: .milliseconds(301)) == .paused(until: .milliseconds(350)), "the pace")
    #expect(table.open + table.closing <= table.limits.descriptors)
    table.remove(closing)
    #expect(table.acceptance(now: .milliseconds(350)) == .open)
  }

  @Test("agrees with a plain list over thousands of random steps", arguments: 0..<20)
  func random(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    let table = table(12, perAddress: seed.isMultiple(of: 2) ? 4 : nil)
    let list = PlainConnections(limits: table.limits)
    let addresses = [remote, NetworkAddress("192.0.2.2"), NetworkAddress("2001:db8::1"), loopback, nil]
    var now = 0
    for _ in 0..<4000 {
      now += Int.random(in: 0...120, using: &generator)
      let time = Duration.milliseconds(now)
      let isAccepting = table.acceptance(now: time) == .open
      switch Int.random(in: 0..<10, using: &generator) {
      case 0..<4 where isAccepting:
        let address = addresses[Int.random(in: 0..<addresses.count, using: &generator)]
        let arrival = table.arrival(address, time)
        #expect(list.arrive(arrival, address, now) == nil)
      case 4..<8:
        guard let id = list.connections.randomElement(using: &generator)?.id else { continue }
        let activities = [ConnectionTable.Activity.idle, .sending, .answering, .taking]
        let activity = activities.randomElement(using: &generator) ?? .idle
        #expect(table.note(activity, of: id, now: time) == list.note(activity, id, now))
      default:
        guard let id = list.connections.randomElement(using: &generator)?.id else { continue }
        table.remove(id)
        list.connections.removeAll { $0.id == id }
        #expect(!table.note(.idle, of: id, now: time))
      }
      #expect(table.open == list.open.count)
      #expect(table.closing == list.connections.count - list.open.count)
      #expect(table.open + table.closing <= table.limits.descriptors)
    }
  }
}
