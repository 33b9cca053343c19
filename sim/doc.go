// Package sim runs real [overlay.Node]s under virtual time: thousands of them in
// one process, joined by links that have latency and bandwidth, joining,
// leaving and crashing as they are told.
//
//	w := sim.New(sim.Config{Seed: 1, Latency: sim.Constant(20 * time.Millisecond)})
//	a := w.Add(sim.NodeConfig{})
//	b := w.Add(sim.NodeConfig{Files: []string{"blue danube.ogg"}})
//	err := w.Link(a, b)
//	f := w.Query(a, "danube", 7)
//	w.RunUntilIdle()
//	fmt.Println(f.Messages, f.Hits)
//
// Partition, Slow, Crash and Vanish do harm to nodes from outside; an [Act] makes a
// node lie, or damage what it sends. [RunCrowd] has a whole network come, go and
// search as the workload of package load says, and suffer as a configuration says;
// [FloodGraph] floods a graph. What was done to a World can be recorded, and done
// again ([Replay]).
//
// Everything follows from the seed: equal calls give equal traces, to the bit,
// on any machine. A World is not safe for concurrent use; different ones share
// nothing, so that as many can run at once as there are cores.
package sim
