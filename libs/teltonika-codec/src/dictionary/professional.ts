/*
 * Facts of the vendor's parameter tables, a row for each IO id: id, name, type and bytes, then multiplier and unit where
 * the value has them, then names of values. Types: u unsigned, s signed, x bytes, t text; no number of bytes means any.
 */

/** The professional trackers with CAN, FMS and tachograph (FMx640, FMx650): what only they have. */
export const PROFESSIONAL = `
4 digitalInput4 u1
5 dallasTemperatureId5 u8
6 dallasTemperature5 s2 0.1 °C
7 dallasTemperatureId6 u8
8 dallasTemperature6 s2 0.1 °C
9 analogInput1 u2 0.001 V
10 analogInput2 u2 0.001 V
11 analogInput3 u2 0.001 V
12 programNumber u2
13 moduleId u8
14 engineWorktime u4 1 min
15 engineWorktimeCounted u4 1 min
16 totalMileageCounted u4 1 m
17 fuelConsumedCounted u4 0.1 l
18 canFuelRate u2 0.1 l/h
19 adBlueLevelPercent u1 1 %
20 adBlueLevelLiters u2 0.1 l
22 dataMode u1
23 engineLoad u1 1 %
25 engineTemperature s2 0.1 °C
26 axle1Load u2 1 kg
27 axle2Load u2 1 kg
28 axle3Load u2 1 kg
29 axle4Load u2 1 kg
30 canVehicleSpeed u1 1 km/h
31 acceleratorPedalPosition u1 1 %
32 axle5Load u2 1 kg
33 fuelConsumed u4 0.1 l
34 fuelLevelLiters u2 0.1 l
35 engineRpm u2 1 rpm
36 totalMileage u4 1 m
37 fuelLevelPercent u1 1 %
38 controlStateFlags u4
39 agriculturalMachineryFlags u8
40 harvestingTime u4 1 min
41 areaOfHarvest u4 1 m2
42 mowingEfficiency u4 1 m2/h
43 grainMownVolume u4 1 kg
44 grainMoisture u2 0.1 %
45 harvestingDrumRpm u2 1 rpm
46 gapUnderHarvestingDrum u1 1 mm
47 securityStateFlags u8
48 tachoDataSource u1
50 digitalOutput3 u1
51 digitalOutput4 u1
52 drivingWithoutCard u1
56 driver1ContinuousDrivingTime u2 1 min
57 driver2ContinuousDrivingTime u2 1 min
58 driver1CumulativeBreakTime u2 1 min
59 driver2CumulativeBreakTime u2 1 min
60 driver1SelectedActivityDuration u2 1 min
61 driver2SelectedActivityDuration u2 1 min
62 dallasTemperatureId1 u8
63 dallasTemperatureId2 u8
64 dallasTemperatureId3 u8
65 dallasTemperatureId4 u8
66 externalVoltage u2 0.001 V
67 batteryVoltage u2 0.001 V
68 batteryCurrent u2 1 mA
69 driver1CumulativeDrivingTime u2 1 min
70 pcbTemperature s2 0.1 °C
71 gnssStatus u1
72 dallasTemperature1 s2 0.1 °C
73 dallasTemperature2 s2 0.1 °C
74 dallasTemperature3 s2 0.1 °C
75 dallasTemperature4 s2 0.1 °C
76 fuelCounter u4
77 driver2CumulativeDrivingTime u2 1 min
79 brakeSwitch u1
80 wheelBasedSpeed u4 1 km/h
81 cruiseControlActive u1
82 clutchSwitch u1
83 ptoState u1
84 accelerationPedalPosition u4 1 %
85 engineCurrentLoad u1 1 %
86 engineTotalFuelUsed u4 1 l
87 fuelLevel u4 1 %
88 engineSpeed u4 1 rpm
89 axleWeight1 u2 1 kg
90 axleWeight2 u2 1 kg
91 axleWeight3 u2 1 kg
92 axleWeight4 u2 1 kg
93 axleWeight5 u2 1 kg
94 axleWeight6 u2 1 kg
95 axleWeight7 u2 1 kg
96 axleWeight8 u2 1 kg
97 axleWeight9 u2 1 kg
98 axleWeight10 u2 1 kg
99 axleWeight11 u2 1 kg
100 axleWeight12 u2 1 kg
101 axleWeight13 u2 1 kg
102 axleWeight14 u2 1 kg
103 axleWeight15 u2 1 kg
104 engineTotalHoursOfOperation u4 1 h
108 numberOfRecords u4
109 softwareVersionSupported u4
110 diagnosticsSupported u1
111 requestsSupported u1
113 serviceDistance s4 1 km
122 directionIndication u1
123 tachographPerformance u1
124 handlingInfo u1
125 systemEvent u1
127 engineCoolantTemperature s1 1 °C
128 ambientAirTemperature s2 1 °C
135 fmsFuelRate u4 1 l/h
136 instantaneousFuelEconomy u4 1 km/l
137 ptoDriveEngagement u1
138 highResolutionEngineTotalFuelUsed u4 1 l|ml
139 grossCombinationVehicleWeight u4 1 kg
141 batteryTemperature u2 0.1 °C
142 batteryLevelPercent u1 1 %
143 doorStatus u2
144 sdStatus u1
155 geofenceZone1 u1
156 geofenceZone2 u1
157 geofenceZone3 u1
158 geofenceZone4 u1
159 geofenceZone5 u1
160 geofenceZone6 u1
161 geofenceZone7 u1
162 geofenceZone8 u1
163 geofenceZone9 u1
164 geofenceZone10 u1
165 geofenceZone11 u1
166 geofenceZone12 u1
167 geofenceZone13 u1
168 geofenceZone14 u1
169 geofenceZone15 u1
170 geofenceZone16 u1
171 geofenceZone17 u1
172 geofenceZone18 u1
173 geofenceZone19 u1
174 geofenceZone20 u1
176 faultCodeCount u1
177 eventReserved01 x
178 networkType u1
183 driveRecognize u1
184 driver1WorkingState u1
185 driver2WorkingState u1
186 tachographOverSpeed u1
187 driver1CardPresence u1
188 driver2CardPresence u1
189 driver1TimeRelatedStates u1
190 driver2TimeRelatedStates u1
191 tachoVehicleSpeed u2 1 km/h
192 odometer u4 1 m
193 tripDistance u4 1 m
194 timestamp u4
195 driver1IdMsb u8
196 driver1IdLsb u8
197 driver2IdMsb u8
198 driver2IdLsb u8
199 tripOdometer u4 1 m
200 sleepMode u1
205 gsmCellId u4
208 ultrasonicSoftwareStatus1 u1
209 ultrasonicSoftwareStatus2 u1
210 lls3FuelLevel s2 1 kvant|l
216 totalOdometer u4 1 m
217 rfidCom2 u8
218 imsi u8
219 ccidPart1 u8
220 ccidPart2 u8
221 ccidPart3 u8
222 card1IssuingMemberState u1
223 card2IssuingMemberState u1
224 ultrasonicFuelLevel1 s2 0.1 mm
225 ultrasonicFuelLevel2 s2 0.1 mm
226 gasStatus u1
227 gasUsed u4 1 kg
228 gasLevel u2 1 %
231 vehicleRegistrationNumberPart1 u8
232 vehicleRegistrationNumberPart2 u8
233 vehicleIdentificationNumberPart1 u8
234 vehicleIdentificationNumberPart2 u8
235 vehicleIdentificationNumberPart3 u1
236 axisX s2 1 mG
237 axisY s2 1 mG
238 axisZ s2 1 mG
243 idling u1
244 cameraImageGenerated u4
245 analogInput4 u2 0.001 V
247 crashDetection u1
248 geofenceZoneOverSpeeding u1
251 immobilizer u1
252 authorizedDriving u1
257 crashTraceData x466
260 ecoDuration u2
327 geofenceZone21 u1
328 geofenceZone22 u1
329 geofenceZone23 u1
330 geofenceZone24 u1
331 geofenceZone25 u1
332 geofenceZone26 u1
333 geofenceZone27 u1
334 geofenceZone28 u1
335 geofenceZone29 u1
336 geofenceZone30 u1
337 geofenceZone31 u1
338 geofenceZone32 u1
339 geofenceZone33 u1
340 geofenceZone34 u1
341 geofenceZone35 u1
342 geofenceZone36 u1
343 geofenceZone37 u1
344 geofenceZone38 u1
345 geofenceZone39 u1
346 geofenceZone40 u1
347 geofenceZone41 u1
348 geofenceZone42 u1
349 geofenceZone43 u1
350 geofenceZone44 u1
351 geofenceZone45 u1
352 geofenceZone46 u1
353 geofenceZone47 u1
354 professionalGeofenceZone48 u1
355 geofenceZone49 u1
356 geofenceZone50 u1
357 brakePedalPosition u1 1 %
358 customScenario1 u1
359 customScenario2 u1
360 customScenario3 u1
361 customScenario4 u1
`;
